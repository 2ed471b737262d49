/** Files that are whole or absent, whatever dies when. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync, readFileSync, renameSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { askingOfDisk } from "../domain/diskTrouble.ts"
import { namesIn } from "../process/namesIn.ts"

/** Something could not be kept in the state folder. */
export class StoreFailed extends Schema.TaggedError<StoreFailed>()("StoreFailed", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return askingOfDisk(`cannot keep ${this.path}: ${this.reason}`)
  }
}

/** What a file is called until it is whole and on disk. */
const draftOf = (path: string): string => `${path}.${process.pid}.draft`

/**
 * Writes under another name, flushes to disk, renames: a reader sees the old content or the new, never a part.
 * `before` comes when all of it is on disk, and nobody sees it yet.
 */
export const writeDurably = Effect.fn("RunStore.writeDurably")(
  function*(path: string, content: string, before: Effect.Effect<void, StoreFailed> = Effect.void) {
    const fs = yield* FileSystem.FileSystem
    const draft = draftOf(path)
    const failed = (error: { readonly message: string }) => new StoreFailed({ path, reason: error.message })
    const write = Effect.scoped(Effect.gen(function*() {
      const file = yield* fs.open(draft, { flag: "w", mode: 0o600 })
      yield* file.writeAll(new TextEncoder().encode(content))
      yield* file.sync
    }))
    yield* Effect.mapError(write, failed).pipe(
      Effect.zipRight(before),
      Effect.zipRight(Effect.mapError(fs.rename(draft, path), failed)),
      Effect.onError(() => Effect.ignore(fs.remove(draft)))
    )
  }
)

/** Of a file that a process which died had written whole: puts it in its place, if there is none. */
export const finishDraft = (path: string, isWanted: (content: string) => boolean): void => {
  const folder = dirname(path)
  const pattern = /^(.*)\.\d+\.draft$/
  for (const name of namesIn(folder)) {
    if (pattern.exec(name)?.[1] !== basename(path) || existsSync(path)) continue
    const draft = join(folder, name)
    if (isWanted(readFileSync(draft, "utf8"))) renameSync(draft, path)
  }
}
