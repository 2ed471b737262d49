/** What of a task's files is in its result: never more than that is held. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import type { Part } from "../audit/maskedCut.ts"
import { lastCharacters } from "../process/boundedTail.ts"

/** The start of a file, of at least so many bytes where it has them; its size, and the hash of all of it. */
export const readStart = (path: string, characters: number) =>
  Effect.promise(async () => {
    const hash = createHash("sha256")
    const kept: Array<Buffer> = []
    let bytes = 0
    for await (const chunk of createReadStream(path)) {
      if (!Buffer.isBuffer(chunk)) continue
      hash.update(chunk)
      if (bytes <= characters) kept.push(chunk)
      bytes += chunk.byteLength
    }
    const read = Buffer.concat(kept)
    const start: Part = { text: read.toString("utf8"), isCut: read.byteLength < bytes }
    return { sha256: hash.digest("hex"), bytes, start }
  })

/** The end of a log, from disk; nothing where there is none. */
export const readEnd = (path: string, characters: number): Effect.Effect<Part> =>
  Effect.tryPromise(async () => {
    const file = await open(path, "r")
    try {
      const { size } = await file.stat()
      const length = Math.min(size, 4 * characters)
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
      const all = buffer.toString("utf8")
      const text = lastCharacters(all, characters)
      return { text, isCut: length < size || text.length < all.length }
    } finally {
      await file.close()
    }
  }).pipe(Effect.orElseSucceed(() => ({ text: "", isCut: false })))
