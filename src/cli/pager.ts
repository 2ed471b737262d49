/** Long texts: through the user's pager at a terminal, as git does it, and straight on elsewhere. */
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import * as path from "node:path"
import type { Writable } from "node:stream"
import { Git } from "../git/Git.ts"
import { Host } from "../process/Host.ts"

/** Writes a piece; whether anybody still reads. */
export type Write = (piece: string | Uint8Array) => Effect.Effect<boolean>

type Environment = Readonly<Record<string, string | undefined>>

/** `GIT_PAGER`, `core.pager`, `PAGER`, else less; undefined: none is wanted, or there. */
export const pagerFor = (env: Environment, configured: string | undefined): string | undefined => {
  if (env["TERM"] === "dumb") return undefined
  const wanted = env["GIT_PAGER"] ?? configured ?? env["PAGER"]
  if (wanted !== undefined) return wanted === "" || wanted === "cat" ? undefined : wanted
  const folders = (env["PATH"] ?? "").split(":")
  return folders.some((folder) => folder !== "" && existsSync(path.join(folder, "less"))) ? "less" : undefined
}

/** Only the user's own configuration can name a program: that of their checkout's repository is theirs, too. */
const configuredPager = Effect.gen(function*() {
  const git = yield* Git
  const { directory } = yield* Host
  return yield* git.text({ target: { _tag: "Repository", directory }, args: ["config", "--get", "core.pager"] })
}).pipe(Effect.orElseSucceed(() => undefined))

/** What `use` writes goes to the reader; ends once a pager is left. */
export const paged = <A, E, R>(use: (write: Write) => Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    if (process.stdout.isTTY !== true) return yield* use(writeTo(process.stdout))
    const { env } = yield* Host
    const pager = pagerFor(env, yield* configuredPager)
    if (pager === undefined) return yield* use(writeTo(process.stdout))
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => start(pager, env)),
      (child) => use(child.stdin === null ? () => Effect.succeed(false) : writeTo(child.stdin)),
      // Ctrl-C is the pager's own affair: whoever reads ends it.
      ended
    )
  })

const start = (pager: string, env: Environment): ChildProcess => {
  const child = spawn("sh", ["-c", pager], {
    stdio: ["pipe", "inherit", "inherit"],
    // As git does: leave short texts on the screen, let colours through.
    env: { LESS: "FRX", LV: "-c", ...env }
  })
  child.stdin?.on("error", () => undefined)
  return child
}

const ended = (child: ChildProcess): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("error", () => resume(Effect.void))
    child.once("close", () => resume(Effect.void))
    child.stdin?.end()
  })

export const writeTo = (stream: Writable): Write => (piece) =>
  Effect.async<boolean>((resume) => {
    if (stream.destroyed || stream.writableEnded) return resume(Effect.succeed(false))
    stream.write(piece, (error) => resume(Effect.succeed(error === null || error === undefined)))
  })
