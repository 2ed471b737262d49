/** The built program, started as a shell would start it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"

export const builtBin = fileURLToPath(new URL("../../../dist/bin/codex-runner.mjs", import.meta.url))

export interface Start {
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** Standard input; by default nothing. */
  readonly stdin?: string
  /** More of it seems to come, for ever. */
  readonly stdinStaysOpen?: boolean
  readonly bin?: string
}

export interface Ended {
  /** null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Program {
  readonly pid: number
  /** To the program alone, as `kill` does. */
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** To its whole process group, as a terminal does. */
  readonly signalGroup: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits until its standard input has taken all there was: of more than a pipe holds, only a reader takes all. */
  readonly reading: Effect.Effect<void>
  /** Stops reading, as `| head` does: from here on its writes fail. */
  readonly stopReading: Effect.Effect<void>
  /** Waits until stderr holds a text. */
  readonly said: (text: string) => Effect.Effect<void>
  /** Waits until stdout does. */
  readonly printed: (text: string) => Effect.Effect<void>
  readonly ended: Effect.Effect<Ended>
}

/** Starts the program in a process group of its own, which is killed with the scope. */
export const start = (options: Start): Effect.Effect<Program, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [options.bin ?? builtBin, ...options.args], {
          cwd: options.cwd,
          env: options.env,
          detached: true,
          stdio: ["pipe", "pipe", "pipe"]
        })
        const output = { stdout: "", stderr: "" }
        child.stdout.setEncoding("utf8").on("data", (text: string) => output.stdout += text)
        child.stderr.setEncoding("utf8").on("data", (text: string) => output.stderr += text)
        // It may end, or be refused, before it has read anything.
        child.stdin.on("error", () => undefined)
        const read = new Promise<void>((resolve) => child.stdin.write(options.stdin ?? "", () => resolve()))
        if (options.stdinStaysOpen !== true) child.stdin.end()
        const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, ...output })))
        return { child, ended, output, read, pid: child.pid ?? 0 }
      }),
      ({ pid }) => Effect.sync(() => killGroup(pid, "SIGKILL"))
    ),
    ({ child, ended, output, pid, read }) => ({
      pid,
      signal: (signal) => Effect.sync(() => void child.kill(signal)),
      signalGroup: (signal) => Effect.sync(() => killGroup(pid, signal)),
      reading: Effect.promise(() => read),
      stopReading: Effect.sync(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }),
      said: (text) => holds(child.stderr, () => output.stderr.includes(text)),
      printed: (text) => holds(child.stdout, () => output.stdout.includes(text)),
      ended: Effect.promise(() => ended)
    })
  )

/** Looks again whenever something was read. */
const holds = (stream: Readable, condition: () => boolean): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const look = () => {
      if (!condition()) return
      stream.off("data", look)
      resume(Effect.void)
    }
    stream.on("data", look)
    look()
  })

const killGroup = (leader: number, signal: NodeJS.Signals): void => {
  try {
    if (leader > 0) process.kill(-leader, signal)
  } catch {
    // Gone.
  }
}
