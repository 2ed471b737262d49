/** What of a task's files is in its result: never more than that is held. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { clipEnd, clipStart } from "../audit/plainText.ts"

/** Of the exact patch, so much is in the result; the whole is at `patch_path`. */
export const maxPatchCharacters = 256 * 1024

/** Its start as text, and the hash of all of it. */
export const readPatch = (path: string) =>
  Effect.promise(async () => {
    const hash = createHash("sha256")
    const kept: Array<Buffer> = []
    let bytes = 0
    for await (const chunk of createReadStream(path)) {
      if (!Buffer.isBuffer(chunk)) continue
      hash.update(chunk)
      if (bytes <= maxPatchCharacters) kept.push(chunk)
      bytes += chunk.byteLength
    }
    const text = Buffer.concat(kept).toString("utf8")
    return {
      sha256: hash.digest("hex"),
      text: bytes > maxPatchCharacters
        ? clipEnd(text, maxPatchCharacters, `the exact patch, ${bytes} bytes, is at ${path}`)
        : text
    }
  })

/** The end of a log, from disk; nothing where there is none. */
export const readTail = (path: string, characters: number) =>
  Effect.tryPromise(async () => {
    const file = await open(path, "r")
    try {
      const { size } = await file.stat()
      const length = Math.min(size, 4 * characters)
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
      return clipStart(buffer.toString("utf8"), characters, `the whole is at ${path}`)
    } finally {
      await file.close()
    }
  }).pipe(Effect.orElseSucceed(() => ""))
