/** A log file that grows no further than its cap, and says so where it stops. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { StoreFailed } from "./durable.ts"

export interface CappedLog {
  readonly append: (chunk: Uint8Array) => Effect.Effect<void, StoreFailed>
}

/** Bytes of one log file on disk. */
export const maxLogBytes = 64 * 1024 * 1024

/** Opens the file, mode 0600, for as long as the scope lasts. */
export const openCappedLog = Effect.fn("RunStore.openCappedLog")(function*(path: string, maxBytes = maxLogBytes) {
  const fs = yield* FileSystem.FileSystem
  const failed = (error: { readonly message: string }) => new StoreFailed({ path, reason: error.message })
  const file = yield* Effect.mapError(fs.open(path, { flag: "a", mode: 0o600 }), failed)
  const written = yield* Ref.make(0)
  const append = Effect.fnUntraced(function*(chunk: Uint8Array) {
    const before = yield* Ref.getAndUpdate(written, (bytes) => bytes + chunk.byteLength)
    if (before >= maxBytes) return
    const room = maxBytes - before
    yield* file.writeAll(chunk.byteLength <= room ? chunk : chunk.subarray(0, room))
    if (chunk.byteLength >= room) {
      yield* file.writeAll(new TextEncoder().encode(`\n[cut here: the log's cap of ${maxBytes} bytes]\n`))
    }
  }, Effect.mapError(failed))
  return { append } satisfies CappedLog
})
