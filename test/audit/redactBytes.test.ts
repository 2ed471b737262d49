import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { redactBytes } from "../../src/audit/redactBytes.ts"

/** What comes out for bytes that come in pieces of a size. */
const redacted = (bytes: Uint8Array, size: number, secrets: ReadonlyArray<string> = []) => {
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, at) => bytes.subarray(at * size, (at + 1) * size)
  )
  return Effect.map(
    Stream.runCollect(redactBytes(secrets)(Stream.fromIterable(pieces))),
    (chunks) => Buffer.concat(Chunk.toArray(chunks))
  )
}

describe("secrets in bytes", () => {
  it.effect("are masked, in whatever encoding the rest is, and however it is cut", () =>
    Effect.gen(function*() {
      const token = `ghp_${"a1B2c3D4e5F6".repeat(3)}`
      const bytes = Buffer.concat([
        Buffer.from([0xff, 0xfe, 0x80]),
        Buffer.from(`x ${token} pässwörd-ü y\n`),
        Buffer.from([0])
      ])
      for (const size of [1, 7, 1000]) {
        const out = yield* redacted(bytes, size, ["pässwörd-ü"])
        assert.deepStrictEqual([...out.subarray(0, 3)], [0xff, 0xfe, 0x80])
        const text = out.subarray(3).toString("utf8")
        assert.notInclude(text, token)
        assert.notInclude(text, "wörd")
        assert.match(text, /^x \[redacted:github-token\] \[redacted[^\]]*\] y\n\0$/)
      }
    }))

  it.effect("where there are none, every byte comes out as it went in", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 64 }), async (bytes, size) => {
          assert.deepStrictEqual([...(await Effect.runPromise(redacted(bytes, size)))], [...bytes])
        })
      )
    ))
})
