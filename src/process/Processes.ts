/**
 * Child processes as scoped resources: their output as streams, their end
 * bounded in time, and nothing of their process group alive once the scope is
 * closed.
 */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { drained } from "./drained.ts"
import { runToEnd } from "./runToEnd.ts"
import { waitAtMost } from "./waitAtMost.ts"

/** How to end a process: a signal, and how long it may take before SIGKILL. */
export interface StopPolicy {
  readonly signal: "SIGINT" | "SIGTERM" | "SIGKILL"
  readonly grace: Duration.DurationInput
}

export interface ProcessSpec {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly stop?: StopPolicy
  /** Run at a lower priority, as `nice` does. */
  readonly niceness?: number
  /** Everything the process may read from its standard input; by default nothing. */
  readonly stdin?: Uint8Array | Stream.Stream<Uint8Array>
}

/** How a process ended: one of the two is not null. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

export interface Child {
  readonly pid: number
  readonly stdout: Stream.Stream<Uint8Array, ProcessFailed>
  readonly stderr: Stream.Stream<Uint8Array, ProcessFailed>
  readonly exit: Effect.Effect<Exit>
}

export interface RunSpec extends ProcessSpec {
  readonly stdin?: Uint8Array
  readonly timeout: Duration.DurationInput
  /** Cap on each of the two streams, in bytes. */
  readonly maxOutputBytes: number
}

export interface Completed extends Exit {
  readonly stdout: Uint8Array
  readonly stderr: string
}

/** A program could not be started. Holds no arguments, so that no secret is in it. */
export class SpawnFailed extends Schema.TaggedError<SpawnFailed>()("SpawnFailed", {
  command: Schema.String,
  cwd: Schema.String,
  missing: Schema.Literal("program", "cwd", "neither"),
  reason: Schema.String
}) {
  override get message(): string {
    switch (this.missing) {
      case "program":
        return `ENOENT: spawn ${this.command} ENOENT`
      case "cwd":
        return `cannot start ${this.command}: its working folder ${this.cwd} does not exist`
      case "neither":
        return `cannot start ${this.command}: ${this.reason}`
    }
  }
}

/** A pipe to a process broke. */
export class ProcessFailed extends Schema.TaggedError<ProcessFailed>()("ProcessFailed", {
  command: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `lost the output of ${this.command}: ${this.reason}`
  }
}

export class OutputLimit extends Schema.TaggedError<OutputLimit>()("OutputLimit", {
  command: Schema.String,
  maxBytes: Schema.Number
}) {
  override get message(): string {
    return `${this.command} printed more than ${this.maxBytes} bytes`
  }
}

export class ProcessTimedOut extends Schema.TaggedError<ProcessTimedOut>()("ProcessTimedOut", {
  command: Schema.String,
  afterMs: Schema.Number
}) {
  override get message(): string {
    return `${this.command} did not end within ${this.afterMs / 1000} s`
  }
}

export type RunFailed = SpawnFailed | ProcessFailed | OutputLimit | ProcessTimedOut

export class Processes extends Context.Tag("codex-runner/Processes")<
  Processes,
  {
    /** Starts a process. Closing the scope ends it with its group, by its {@link StopPolicy}. */
    readonly spawn: (spec: ProcessSpec) => Effect.Effect<Child, SpawnFailed, Scope.Scope>
    /** Starts a process, waits for its end within its limits, and collects its output. Any exit code is a result. */
    readonly run: (spec: RunSpec) => Effect.Effect<Completed, RunFailed>
  }
>() {
  static readonly layer = Layer.effect(
    Processes,
    Effect.map(CommandExecutor.CommandExecutor, (executor) => {
      const spawn = (spec: ProcessSpec) => start(executor, spec)
      return Processes.of({ spawn, run: collect })
    })
  )
}

const defaultStop: StopPolicy = { signal: "SIGTERM", grace: "2 seconds" }

const commandOf = (spec: ProcessSpec): readonly [program: string, args: ReadonlyArray<string>] =>
  spec.niceness === undefined
    ? [spec.command, spec.args]
    : ["nice", ["-n", String(spec.niceness), spec.command, ...spec.args]]

const start = Effect.fnUntraced(function*(executor: CommandExecutor.CommandExecutor, spec: ProcessSpec) {
  const [program, args] = commandOf(spec)
  const command = pipe(
    Command.make(program, ...args),
    Command.workingDirectory(spec.cwd),
    Command.env(spec.env, { extendEnv: false }),
    // An inherited or open stdin makes Codex wait for more of the prompt.
    Command.stdin(inputOf(spec))
  )
  const child = yield* executor.start(command).pipe(
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
  const exit = Effect.match(child.exitCode, {
    onSuccess: (code): Exit => ({ code, signal: null }),
    onFailure: (error): Exit => ({ code: null, signal: /signal: (SIG\w+)$/.exec(reasonOf(error))?.[1] ?? "unknown" })
  })
  yield* Effect.addFinalizer(() => stop(child, spec.stop ?? defaultStop))
  const exited = Effect.zipRight(exit, killGroup(child))
  const output = (stream: Stream.Stream<Uint8Array, PlatformError>) =>
    drained(stream, exited).pipe(
      Stream.mapError((error) => new ProcessFailed({ command: spec.command, reason: reasonOf(error) }))
    )
  return { pid: child.pid, stdout: output(child.stdout), stderr: output(child.stderr), exit } satisfies Child
  // Nothing may come between the start and the finalizer that ends what was started.
}, Effect.uninterruptible)

const inputOf = ({ stdin }: ProcessSpec): Stream.Stream<Uint8Array> =>
  stdin === undefined ? Stream.empty : stdin instanceof Uint8Array ? Stream.make(stdin) : stdin

const killGroup = (child: CommandExecutor.Process) => waitAtMost("5 seconds", child.kill("SIGKILL"))

/** Ends the process and whatever is left of its group. A signal that is ignored would make `kill` wait for ever. */
const stop = (child: CommandExecutor.Process, policy: StopPolicy) =>
  child.isRunning.pipe(
    Effect.orElseSucceed(() => true),
    Effect.flatMap((running) => running ? waitAtMost(policy.grace, child.kill(policy.signal)) : Effect.void),
    // Also after a clean exit: a grandchild may live on in the group.
    Effect.zipRight(killGroup(child))
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

const collect = (spec: RunSpec): Effect.Effect<Completed, RunFailed> => {
  const { command, cwd } = spec
  const [program, args] = commandOf(spec)
  return runToEnd({ ...spec, program, args, stdin: spec.stdin, stop: spec.stop ?? defaultStop }).pipe(
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
}
