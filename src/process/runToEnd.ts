/**
 * A short process, its output collected. Straight on Node, not through the
 * executor: a task takes a dozen calls of git, and the executor's streams and
 * fibers cost more than such a call itself. Its limits are timers of Node's:
 * a limit of Effect's is a fiber of its own, which an interruption ends even
 * where its caller can't be interrupted.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import type { Readable } from "node:stream"
import { drainGrace } from "./drained.ts"

export interface ShortProcess {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin: Uint8Array | undefined
  readonly stop: { readonly signal: NodeJS.Signals; readonly grace: Duration.DurationInput }
  readonly timeout: Duration.DurationInput
  /** Cap on each of the two streams, in bytes. */
  readonly maxOutputBytes: number
}

export type ShortProcessFailure =
  | { readonly _tag: "NotStarted"; readonly missing: "program" | "cwd" | "neither"; readonly reason: string }
  | { readonly _tag: "PipeBroke"; readonly reason: string }
  | { readonly _tag: "TooMuchOutput" }
  | { readonly _tag: "TimedOut" }

export interface ShortProcessEnd {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: Uint8Array
  readonly stderr: string
}

/** Interruption, where it is let through, ends the process with its group. */
export const runToEnd = (short: ShortProcess): Effect.Effect<ShortProcessEnd, ShortProcessFailure> =>
  Effect.async((resume) => {
    const child = start(short)
    if ("_tag" in child) return resume(Effect.fail(child))
    const stopped = Effect.uninterruptible(stop(child, short.stop))
    const giveUp = (why: ShortProcessFailure) => resume(Effect.zipRight(stopped, Effect.fail(why)))
    // From the first moment on: Node throws away what is said when nobody listens.
    const gather = (stream: Readable | null): ReadonlyArray<Buffer> => {
      const chunks: Array<Buffer> = []
      let bytes = 0
      stream?.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength
        if (bytes <= short.maxOutputBytes) return void chunks.push(chunk)
        stream.destroy()
        giveUp({ _tag: "TooMuchOutput" })
      })
      stream?.once("error", (error) => giveUp({ _tag: "PipeBroke", reason: error.message }))
      return chunks
    }
    const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)]
    const timer = setTimeout(() => giveUp({ _tag: "TimedOut" }), Duration.toMillis(short.timeout))
    child.once("error", (error) => {
      clearTimeout(timer)
      resume(Effect.fail(notStarted(short, error)))
    })
    // A program that ends without reading what it is fed is no failure.
    child.stdin?.on("error", () => undefined).end(short.stdin)
    child.once("exit", () => {
      clearTimeout(timer)
      // A grandchild may live on in the group, and one that left it may hold the pipes open.
      signalGroup(child, "SIGKILL")
      const overdue = setTimeout(() => closeOutput(child), Duration.toMillis(drainGrace))
      child.once("close", () => clearTimeout(overdue))
    })
    child.once("close", (code, signal) =>
      resume(Effect.succeed({
        code,
        signal,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString("utf8")
      })))
    return stopped
  })

/** Of an argument that no program can be given Node tells by throwing, of everything else in an event. */
const start = (short: ShortProcess): ChildProcess | Extract<ShortProcessFailure, { _tag: "NotStarted" }> => {
  try {
    return spawn(short.program, short.args, {
      cwd: short.cwd,
      env: short.env,
      // A group of its own, so that its children can be ended with it.
      detached: true,
      stdio: [short.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"]
    })
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "it was refused by the system"
    return { _tag: "NotStarted", missing: "neither", reason }
  }
}

const notStarted = ({ cwd }: ShortProcess, error: NodeJS.ErrnoException): ShortProcessFailure => {
  const missing = error.code === "ENOENT" ? (existsSync(cwd) ? "program" : "cwd") : "neither"
  return { _tag: "NotStarted", missing, reason: error.message }
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

const signalGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // Nobody is left in it.
  }
}

const closeOutput = (child: ChildProcess): void => {
  child.stdout?.destroy()
  child.stderr?.destroy()
}

const stop = (child: ChildProcess, { grace, signal }: ShortProcess["stop"]): Effect.Effect<void> =>
  endGroup(child, signal, grace).pipe(
    Effect.zipRight(endGroup(child, "SIGKILL", "5 seconds")),
    Effect.zipRight(Effect.sync(() => closeOutput(child)))
  )

/** The signal, and so long a wait for the end that it may not bring. */
const endGroup = (child: ChildProcess, signal: NodeJS.Signals, within: Duration.DurationInput) =>
  Effect.async<void>((resume) => {
    const done = () => {
      clearTimeout(timer)
      resume(Effect.void)
    }
    const timer = setTimeout(done, Duration.toMillis(within))
    signalGroup(child, signal)
    if (hasEnded(child)) done()
    else child.once("exit", done)
  })
