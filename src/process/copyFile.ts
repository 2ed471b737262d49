/** Copies that @effect/platform has no words for: with times kept, or sharing blocks where the file system can. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { constants, copyFile, lstat, mkdir, readdir, readlink, symlink, utimes } from "node:fs/promises"
import * as path from "node:path"
import { reasonOf } from "../domain/reasonOf.ts"

export class CopyFailed extends Schema.TaggedError<CopyFailed>()("CopyFailed", {
  from: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot copy ${this.from}: ${this.reason}`
  }
}

const attempt = <A>(from: string, work: () => Promise<A>): Effect.Effect<A, CopyFailed> =>
  Effect.tryPromise({
    try: work,
    catch: (cause) => new CopyFailed({ from, reason: reasonOf(cause) })
  })

/**
 * Copies a git index with its time, rounded down: git rehashes every file that
 * is not older than the index, so an earlier time is safe and a later one would
 * hide a change.
 */
export const copyIndex = (from: string, to: string): Effect.Effect<void, CopyFailed> =>
  attempt(from, async () => {
    await copyFile(from, to, constants.COPYFILE_FICLONE)
    const { mtimeMs } = await lstat(from)
    const seconds = Math.floor(mtimeMs) / 1000
    await utimes(to, seconds, seconds)
  })

const unlessThere = (work: Promise<void>): Promise<void> =>
  work.catch((cause: unknown) => {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause
  })

/**
 * Copies a file or a folder, sharing blocks where the file system can, modes
 * kept. What is there already stays. A symlink is copied as it is, but an
 * absolute one into `fromRoot` is pointed at the same place under `toRoot`: a
 * copy never leads back into the checkout. Sockets, pipes and devices are left
 * out. Gives the number of files.
 */
export const copyTree = (options: {
  readonly fromRoot: string
  readonly toRoot: string
  /** Relative to both roots. */
  readonly relative: string
}): Effect.Effect<number, CopyFailed> => {
  const { fromRoot, toRoot } = options
  const copyEntry = (relative: string): Effect.Effect<number, CopyFailed> => {
    const from = path.join(fromRoot, relative)
    const to = path.join(toRoot, relative)
    return Effect.flatMap(attempt(from, () => lstat(from)), (stats) => {
      if (stats.isDirectory()) {
        return attempt(from, async () => {
          // Its owner must be able to fill it, and to delete it again.
          await mkdir(to, { recursive: true, mode: stats.mode | 0o700 })
          // Never through a link: it could lead anywhere.
          return (await lstat(to)).isDirectory() ? readdir(from) : []
        }).pipe(
          Effect.flatMap(Effect.forEach((name) => copyEntry(path.join(relative, name)), { concurrency: 8 })),
          Effect.map((counts) => counts.reduce((sum, count) => sum + count, 0))
        )
      }
      if (stats.isSymbolicLink()) {
        return attempt(from, async () => {
          const target = await readlink(from)
          const inside = path.isAbsolute(target) ? path.relative(fromRoot, target) : ".."
          const kept = inside === ".." || inside.startsWith("../")
          await unlessThere(symlink(kept ? target : path.join(toRoot, inside), to))
          return 1
        })
      }
      if (stats.isFile()) {
        const mode = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL
        return Effect.as(attempt(from, () => unlessThere(copyFile(from, to, mode))), 1)
      }
      return Effect.succeed(0)
    })
  }
  return Effect.zipRight(
    attempt(toRoot, () => mkdir(path.dirname(path.join(toRoot, options.relative)), { recursive: true })),
    copyEntry(options.relative)
  )
}
