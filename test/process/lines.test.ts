import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { type Line, splitLines } from "../../src/process/lines.ts"

const linesOf = (chunks: ReadonlyArray<Uint8Array>, maxBytes = 1_000): ReadonlyArray<Line> =>
  Effect.runSync(
    Stream.fromIterable(chunks).pipe(
      Stream.rechunk(1),
      splitLines({ maxBytes }),
      Stream.runCollect,
      Effect.map(Chunk.toReadonlyArray)
    )
  )

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const texts = (lines: ReadonlyArray<Line>): ReadonlyArray<string> => lines.map((line) => line.text)
const oneByOne = (all: Uint8Array): ReadonlyArray<Uint8Array> => Array.from(all, (byte) => Uint8Array.of(byte))

describe("splitLines", () => {
  it.each<[string, string, ReadonlyArray<string>]>([
    ["nothing", "", []],
    ["an empty line", "\n", [""]],
    ["LF", "a\nb\n", ["a", "b"]],
    ["CRLF", "a\r\nb\r\n", ["a", "b"]],
    ["a CR alone is text", "a\rb\n", ["a\rb"]],
    ["a last line without a terminator", "a\nb", ["a", "b"]],
    ["a last CR", "a\r", ["a\r"]],
    ["characters of many bytes", "é😀\n日本\n", ["é😀", "日本"]],
    ["a byte order mark at the start", "\ufeffa\n\ufeffb\n", ["a", "\ufeffb"]],
    ["a byte order mark alone", "\ufeff", [""]]
  ])("%s, in one piece and byte by byte", (_, text, expected) => {
    assert.deepStrictEqual(texts(linesOf([bytes(text)])), expected)
    assert.deepStrictEqual(texts(linesOf(oneByOne(bytes(text)))), expected)
  })

  it("invalid bytes become U+FFFD", () => {
    assert.deepStrictEqual(texts(linesOf([Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82)])), ["a\ufffdb", "\ufffd"])
  })

  it("a line of just the bound is whole, one byte more is cut", () => {
    for (const end of ["\n", "\r\n", ""]) {
      const exact = linesOf([bytes(`12345${end}`)], 5)
      assert.deepStrictEqual(exact, [{ text: "12345", truncated: false }])
      assert.deepStrictEqual(linesOf(oneByOne(bytes(`\ufeff12345${end}`)), 5), exact)
      assert.deepStrictEqual(linesOf([bytes(`123456${end}`)], 5), [{ text: "12345", truncated: true }])
    }
  })

  it("the line after one that was cut is whole", () => {
    assert.deepStrictEqual(linesOf([bytes(`${"x".repeat(5_000)}\nnext\n`)], 10), [
      { text: "x".repeat(10), truncated: true },
      { text: "next", truncated: false }
    ])
  })

  it("a cut never halves a character, and leaves out no whole one", () => {
    const cuts = Array.from({ length: 9 }, (_, n) => linesOf([bytes("aé日😀x")], n + 1)[0]?.text)
    assert.deepStrictEqual(cuts, ["a", "a", "aé", "aé", "aé", "aé日", "aé日", "aé日", "aé日"])
    assert.deepStrictEqual(linesOf([bytes("aé日😀x")], 10), [{ text: "aé日😀", truncated: true }])
  })

  it("a line far over the bound is not held", () => {
    const mebibyte = new Uint8Array(1024 * 1024).fill(0x78)
    const lines = linesOf(Array.from({ length: 300 }, () => mebibyte), 100)
    assert.deepStrictEqual(lines, [{ text: "x".repeat(100), truncated: true }])
  })

  it.effect("a failure of the bytes is passed on, after the lines before it", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const error = yield* Stream.make(bytes("a\nb")).pipe(
        Stream.concat(Stream.fail("broken pipe")),
        splitLines({ maxBytes: 10 }),
        Stream.runForEach((line) => Effect.sync(() => seen.push(line.text))),
        Effect.flip
      )
      assert.strictEqual(error, "broken pipe")
      assert.deepStrictEqual(seen, ["a"])
    }))

  it("the same stream run twice gives the same lines", () => {
    const lines = Stream.make(bytes("\ufeffa\nb")).pipe(splitLines({ maxBytes: 10 }), Stream.runCollect)
    assert.deepStrictEqual(Effect.runSync(lines), Effect.runSync(lines))
  })

  it("any chunking of the same bytes gives the same lines", () => {
    const piece = fc.oneof(
      fc.constantFrom("\n", "\r\n", "\r", "\ufeff", "é", "日", "😀", "x").map(bytes),
      fc.uint8Array({ maxLength: 6 })
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 12 }),
        (pieces, cuts, maxBytes) => {
          const all = Uint8Array.from(pieces.flatMap((part) => [...part]))
          const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length]
          const chunks = at.slice(1).map((end, index) => all.subarray(at[index], end))
          assert.deepStrictEqual(linesOf(chunks, maxBytes), linesOf([all], maxBytes))
        }
      ),
      { numRuns: 500 }
    )
  })

  it("text that is valid comes back as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }).filter((text) => !/[\n\r\ufeff]/.test(text))), (lines) => {
        const text = lines.map((line) => `${line}\n`).join("")
        assert.deepStrictEqual(texts(linesOf(oneByOne(bytes(text)))), lines)
      })
    )
  })
})
