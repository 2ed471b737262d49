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
import { ownEnd, type Tree } from "./containment.ts"
import { afterReading, drainGrace } from "./drained.ts"
import type { Register } from "./register.ts"
import { endLeftovers, type StopPolicy, stopTree } from "./stop.ts"

export interface ShortProcess {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Whether the program puts itself and all that it starts into a namespace. */
  readonly isContained: boolean
  readonly stdin: Uint8Array | undefined
  /** An open file in place of the pipe that standard output is read from. */
  readonly outputFile: number | undefined
  readonly stop: StopPolicy
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

/** Interruption, where it is let through, ends the process with its group or namespace. */
export const runToEnd = (
  short: ShortProcess,
  register: Register
): Effect.Effect<ShortProcessEnd, ShortProcessFailure> =>
  Effect.async((callback) => {
    const resume: typeof callback = (next) => callback(register.unlessOver(next))
    const child = start(short)
    if ("_tag" in child) return resume(Effect.fail(child))
    if (child.pid === undefined) {
      return void child.once("error", (error) => resume(Effect.fail(notStarted(short, error))))
    }
    const tree: Tree = { pid: child.pid, isContained: short.isContained }
    const leave = register.enter(tree)
    const stopped = Effect.uninterruptible(stop(child, tree, short.stop))
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
    // A signal could not be sent: nothing follows from that.
    child.on("error", () => undefined)
    // A program that ends without reading what it is fed is no failure.
    child.stdin?.on("error", () => undefined).end(short.stdin)
    child.once("exit", () => {
      leave()
      clearTimeout(timer)
      // A grandchild may live on in the group, and one that left it may hold the pipes open.
      endLeftovers(tree)
      const overdue = setTimeout(() => afterReading(() => closeOutput(child)), Duration.toMillis(drainGrace))
      child.once("close", () => clearTimeout(overdue))
    })
    child.once("close", (code, signal) =>
      resume(Effect.succeed({
        ...ownEnd(tree, { code, signal }),
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString("utf8")
      })))
    return stopped
  })

/** Node throws where no program can be given an argument (a NUL byte in it); every other failure comes as an event. */
const start = (short: ShortProcess): ChildProcess | Extract<ShortProcessFailure, { _tag: "NotStarted" }> => {
  try {
    return spawn(short.program, short.args, {
      cwd: short.cwd,
      env: short.env,
      // A group of its own, so that its children can be ended with it.
      detached: true,
      stdio: [short.stdin === undefined ? "ignore" : "pipe", short.outputFile ?? "pipe", "pipe"]
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

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

const closeOutput = (child: ChildProcess): void => {
  child.stdout?.destroy()
  child.stderr?.destroy()
}

const stop = (child: ChildProcess, tree: Tree, policy: StopPolicy): Effect.Effect<void> => {
  const exit = Effect.async<void>((resume) => void child.once("exit", () => resume(Effect.void)))
  return stopTree(tree, { exit, isRunning: () => isRunning(child) }, policy).pipe(
    Effect.zipRight(Effect.sync(() => closeOutput(child)))
  )
}
