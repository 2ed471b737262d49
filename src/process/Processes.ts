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
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

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
      return Processes.of({ spawn, run: (spec) => collect(spawn, spec) })
    })
  )
}

const defaultStop: StopPolicy = { signal: "SIGTERM", grace: "2 seconds" }

/** For so long the end of the output is waited for after the process's own, if a stray grandchild holds the pipe open. */
const drainGrace = Duration.seconds(2)

const start = Effect.fnUntraced(function*(executor: CommandExecutor.CommandExecutor, spec: ProcessSpec) {
  const [program, args] = spec.niceness === undefined
    ? [spec.command, spec.args]
    : ["nice", ["-n", String(spec.niceness), spec.command, ...spec.args]]
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
  const exited = Effect.zipRight(exit, Effect.ignore(killGroup(child)))
  const output = (stream: Stream.Stream<Uint8Array, PlatformError>) =>
    drained(stream, exited).pipe(
      Stream.mapError((error) => new ProcessFailed({ command: spec.command, reason: reasonOf(error) }))
    )
  return { pid: child.pid, stdout: output(child.stdout), stderr: output(child.stderr), exit } satisfies Child
  // Nothing may come between the start and the finalizer that ends what was started.
}, Effect.uninterruptible)

/**
 * The stream, ended once it has made its reader wait for the grace period after
 * the exit. The time that the reader itself takes doesn't count.
 */
const drained = <A, E>(stream: Stream.Stream<A, E>, exited: Effect.Effect<void>): Stream.Stream<A, E> =>
  Stream.unwrapScoped(Effect.map(Stream.toPull(stream), (pull) => {
    let left = Duration.toMillis(drainGrace)
    const wait = Effect.suspend(() => {
      const since = performance.now()
      return Effect.onExit(Effect.sleep(left), () =>
        Effect.sync(() => {
          left = Math.max(0, left - (performance.now() - since))
        }))
    })
    const overdue = exited.pipe(Effect.zipRight(wait), Effect.zipRight(Effect.fail(Option.none())))
    return Stream.repeatEffectChunkOption(Effect.raceFirst(pull, overdue))
  }))

const inputOf = ({ stdin }: ProcessSpec): Stream.Stream<Uint8Array> =>
  stdin === undefined ? Stream.empty : stdin instanceof Uint8Array ? Stream.make(stdin) : stdin

const killGroup = (child: CommandExecutor.Process) =>
  child.kill("SIGKILL").pipe(Effect.interruptible, Effect.timeoutOption("5 seconds"))

/**
 * Ends the process and whatever is left of its group. A signal that is ignored
 * would make `kill` wait for ever, and finalizers cannot be interrupted, hence
 * the interruptible section with a limit of its own.
 */
const stop = (child: CommandExecutor.Process, policy: StopPolicy) =>
  child.isRunning.pipe(
    Effect.flatMap((running) =>
      running
        ? child.kill(policy.signal).pipe(Effect.interruptible, Effect.timeoutOption(policy.grace), Effect.ignore)
        : Effect.void
    ),
    // Also after a clean exit: a grandchild may live on in the group.
    Effect.zipRight(killGroup(child)),
    Effect.ignore
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

const collect = (
  spawn: (spec: ProcessSpec) => Effect.Effect<Child, SpawnFailed, Scope.Scope>,
  spec: RunSpec
): Effect.Effect<Completed, RunFailed> =>
  Effect.gen(function*() {
    const child = yield* spawn(spec)
    const [stdout, stderr] = yield* Effect.all([gather(child.stdout, spec), gather(child.stderr, spec)], {
      concurrency: 2
    })
    const exit = yield* child.exit
    return { ...exit, stdout, stderr: stderr.toString("utf8") }
  }).pipe(
    Effect.scoped,
    // The caller may be a finalizer, where a limit holds only inside an interruptible section.
    Effect.interruptible,
    Effect.timeoutOption(spec.timeout),
    Effect.flatMap(Option.match({
      onSome: Effect.succeed,
      onNone: () =>
        Effect.fail(new ProcessTimedOut({ command: spec.command, afterMs: Duration.toMillis(spec.timeout) }))
    }))
  )

const gather = (stream: Stream.Stream<Uint8Array, ProcessFailed>, spec: RunSpec) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let bytes = 0
    return Stream.runForEach(stream, (chunk) => {
      bytes += chunk.byteLength
      if (bytes > spec.maxOutputBytes) {
        return Effect.fail(new OutputLimit({ command: spec.command, maxBytes: spec.maxOutputBytes }))
      }
      chunks.push(chunk)
      return Effect.void
    }).pipe(Effect.map(() => Buffer.concat(chunks)))
  })
