/**
 * Child processes as scoped resources: their output as streams, their end
 * bounded in time, and nothing of their process group or namespace alive once
 * the scope is closed.
 */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import { contained, type Containment, ownEnd, type Tree } from "./containment.ts"
import { drained } from "./drained.ts"
import { OutputLimit, ProcessFailed, ProcessTimedOut, type RunFailed, SpawnFailed } from "./failures.ts"
import { findProgram } from "./findProgram.ts"
import { makeRegister, type Register } from "./register.ts"
import { runToEnd } from "./runToEnd.ts"
import { defaultStop, endLeftovers, type StopPolicy, stopTree } from "./stop.ts"
import { waitAtMost } from "./waitAtMost.ts"

/** A process to start. */
export interface ProcessSpec {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly stop?: StopPolicy
  /** Run at a lower priority, as `nice` does. */
  readonly niceness?: number
  /** How everything that it starts is held together; where absent, by its process group. */
  readonly containment?: Containment
  /** Everything the process may read from its standard input; by default nothing. */
  readonly stdin?: Uint8Array | Stream.Stream<Uint8Array>
}

/** How a process ended: one of the two is not null. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A process at work. */
export interface Child {
  /** Of the outermost process: the program itself, unless it is contained in a namespace. */
  readonly pid: number
  readonly stdout: Stream.Stream<Uint8Array, ProcessFailed>
  readonly stderr: Stream.Stream<Uint8Array, ProcessFailed>
  readonly exit: Effect.Effect<Exit>
}

/** A process that is waited for. */
export interface RunSpec extends ProcessSpec {
  readonly stdin?: Uint8Array
  /** An open file that takes what the process says on its standard output, in place of the answer. */
  readonly outputFile?: number
  readonly timeout: Duration.DurationInput
  /** Cap on each of the two streams, in bytes. */
  readonly maxOutputBytes: number
}

/** How a process ended, and what it said. */
export interface Completed extends Exit {
  readonly stdout: Uint8Array
  readonly stderr: string
}

/** Child processes, contained and ended with their scopes. */
export class Processes extends Context.Tag("codex-runner/Processes")<
  Processes,
  {
    /** Starts a process. Closing the scope ends it with its group or namespace, by its {@link StopPolicy}. */
    readonly spawn: (spec: ProcessSpec) => Effect.Effect<Child, SpawnFailed, Scope.Scope>
    /** Starts a process, waits for its end within its limits, and collects its output. Any exit code is a result. */
    readonly run: (spec: RunSpec) => Effect.Effect<Completed, RunFailed>
    /**
     * For a runner that is about to end itself: SIGKILL to every process that
     * was started here and still lives, with its group or namespace, at once.
     * Waits a second at most. Nothing is started any more, and nobody is told
     * of an end any more: what was at work stays as it is, for the next start
     * to set right.
     */
    readonly endAll: Effect.Effect<void>
  }
>() {
  static readonly layer = Layer.effect(
    Processes,
    Effect.map(CommandExecutor.CommandExecutor, (executor) => {
      const register = makeRegister()
      return Processes.of({
        spawn: (spec) => register.unlessOver(start(executor, register, spec)),
        run: (spec) => register.unlessOver(collect(register, spec)),
        endAll: register.endAll
      })
    })
  )
}

const commandOf = (spec: ProcessSpec): readonly [program: string, args: ReadonlyArray<string>] => {
  const [program, args] = contained(spec.containment, [spec.command, spec.args])
  return spec.niceness === undefined ? [program, args] : ["nice", ["-n", String(spec.niceness), program, ...args]]
}

const isContained = ({ containment }: ProcessSpec): boolean => containment?._tag === "Namespace"

/** In a namespace the program is started by another, which is there. */
const checkContained = (spec: ProcessSpec): Effect.Effect<void, SpawnFailed> =>
  isContained(spec) && findProgram(spec.command, spec.env["PATH"]) === undefined
    ? new SpawnFailed({
      command: spec.command,
      cwd: spec.cwd,
      missing: existsSync(spec.command) ? "neither" : "program",
      reason: "EACCES"
    })
    : Effect.void

const start = Effect.fnUntraced(
  function*(executor: CommandExecutor.CommandExecutor, register: Register, spec: ProcessSpec) {
    yield* checkContained(spec)
    const [program, args] = commandOf(spec)
    const command = pipe(
      Command.make(program, ...args),
      Command.workingDirectory(spec.cwd),
      Command.env(spec.env, { extendEnv: false }),
      Command.stdin(spec.stdin instanceof Uint8Array ? Stream.make(spec.stdin) : spec.stdin ?? "pipe")
    )
    // Its own release would wait for ever for a process that not even SIGKILL ends.
    const scope = yield* Scope.make()
    const child = yield* Scope.extend(executor.start(command), scope).pipe(
      Effect.mapError((error) => spawnFailed(spec, error)),
      // Node throws at what no program can be given: a NUL byte in an argument.
      Effect.catchAllDefect((defect) =>
        new SpawnFailed({
          command: spec.command,
          cwd: spec.cwd,
          missing: "neither",
          reason: defect instanceof Error && "code" in defect ? String(defect.code) : "it was refused by the system"
        })
      )
    )
    const tree: Tree = { pid: child.pid, isContained: isContained(spec) }
    const leave = register.enter(tree)
    const exit = Effect.match(child.exitCode, {
      onSuccess: (code): Exit => ownEnd(tree, { code, signal: null }),
      onFailure: (error): Exit => ({ code: null, signal: /signal: (SIG\w+)$/.exec(reasonOf(error))?.[1] ?? "unknown" })
    })
    // An inherited or open stdin makes Codex wait for more of the prompt.
    const closing = yield* Effect.forkDaemon(Effect.interruptible(
      spec.stdin === undefined ? Effect.ignore(Stream.run(Stream.empty, child.stdin)) : Effect.void
    ))
    const ended = { yet: false }
    yield* Effect.forkDaemon(Effect.flatMap(exit, () => {
      ended.yet = true
      leave()
      endLeftovers(tree)
      // Of a pipe whose reader is gone already, its end is never told.
      return Fiber.interruptFork(closing)
    }))
    yield* Effect.addFinalizer((why) =>
      stopTree(tree, { exit, isRunning: () => !ended.yet }, spec.stop ?? defaultStop).pipe(
        Effect.zipRight(waitAtMost("1 second", Scope.close(scope, why)))
      )
    )
    const output = (stream: Stream.Stream<Uint8Array, PlatformError>) =>
      drained(stream, Effect.asVoid(exit)).pipe(
        Stream.mapError((error) => new ProcessFailed({ command: spec.command, reason: reasonOf(error) }))
      )
    return {
      pid: child.pid,
      stdout: output(child.stdout),
      stderr: output(child.stderr),
      exit: Effect.flatMap(exit, (end) => register.unlessOver(Effect.succeed(end)))
    } satisfies Child
  },
  // Nothing may come between the start and the finalizer that ends what was started.
  Effect.uninterruptible
)

const spawnFailed = (spec: ProcessSpec, error: PlatformError): SpawnFailed =>
  new SpawnFailed({
    command: spec.command,
    cwd: spec.cwd,
    missing: error._tag === "SystemError" && error.reason === "NotFound"
      ? (error.module === "FileSystem" ? "cwd" : "program")
      : "neither",
    reason: reasonOf(error)
  })

/** The whole message would hold the arguments. */
const reasonOf = (error: PlatformError): string => error.description ?? error._tag

const collect = (register: Register, spec: RunSpec): Effect.Effect<Completed, RunFailed> => {
  const { command, cwd } = spec
  const [program, args] = commandOf(spec)
  const short = {
    ...spec,
    program,
    args,
    isContained: isContained(spec),
    stdin: spec.stdin,
    outputFile: spec.outputFile,
    stop: spec.stop ?? defaultStop
  }
  const collected = runToEnd(short, register).pipe(
    Effect.mapError((failure) => {
      switch (failure._tag) {
        case "NotStarted":
          return new SpawnFailed({ command, cwd, missing: failure.missing, reason: failure.reason })
        case "PipeBroke":
          return new ProcessFailed({ command, reason: failure.reason })
        case "TooMuchOutput":
          return new OutputLimit({ command, maxBytes: spec.maxOutputBytes })
        case "TimedOut":
          return new ProcessTimedOut({ command, afterMs: Duration.toMillis(spec.timeout) })
      }
    })
  )
  return Effect.zipRight(checkContained(spec), collected)
}
