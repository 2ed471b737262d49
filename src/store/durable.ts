/** Files that are whole or absent, whatever dies when. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Something could not be kept in the state folder. */
export class StoreFailed extends Schema.TaggedError<StoreFailed>()("StoreFailed", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot keep ${this.path}: ${this.reason}. Is the disk full or read-only?`
  }
}

/** Writes under another name, flushes to disk, renames: a reader sees the old content or the new, never a part. */
export const writeDurably = Effect.fn("RunStore.writeDurably")(
  function*(path: string, content: string) {
    const fs = yield* FileSystem.FileSystem
    const draft = `${path}.${process.pid}.draft`
    yield* Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const file = yield* fs.open(draft, { flag: "w", mode: 0o600 })
        yield* file.writeAll(new TextEncoder().encode(content))
        yield* file.sync
      }))
      yield* fs.rename(draft, path)
    }).pipe(Effect.onError(() => Effect.ignore(fs.remove(draft))))
  },
  (effect, path) => Effect.mapError(effect, (error) => new StoreFailed({ path, reason: error.message }))
)
