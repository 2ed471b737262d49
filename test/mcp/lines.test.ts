import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { boundedLines, requestIdOf, type TooLong } from "../../src/mcp/lines.ts"

/** What comes out of chunks, and what was left out. */
const pass = async (chunks: ReadonlyArray<string>, limit: number) => {
  const left: Array<TooLong> = []
  const through = boundedLines((line) => left.push(line), limit)
  const out: Array<string> = []
  through.on("data", (chunk) => out.push(String(chunk)))
  for (const chunk of chunks) through.write(Buffer.from(chunk, "latin1"))
  await new Promise((resolve) => through.end(resolve))
  return { out, left }
}

describe("lines of standard input", () => {
  it("come whole, one by one, however they were cut", async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 12 })),
      async (chunks) => {
        const { left, out } = await pass(chunks, 8)
        const lines = chunks.join("").split("\n").slice(0, -1)
        assert.deepStrictEqual(out, lines.filter((line) => line.length < 8).map((line) => `${line}\n`))
        assert.deepStrictEqual(
          left.map(({ bytes }) => bytes),
          lines.filter((line) => line.length >= 8).map(({ length }) => length + 1)
        )
      }
    ))
  })

  it("that are too long are known by their ends", async () => {
    const { left: [line] } = await pass([`{"a":"${"x".repeat(20_000)}"`, ",\"id\":7}\n"], 100)
    assert.deepInclude(line, { bytes: 20_016 })
    assert.strictEqual(line === undefined ? undefined : requestIdOf(line), 7)
  })

  it("have an id where a client writes it, at the start or at the very end, and nowhere else", () => {
    const idOf = (text: string) => requestIdOf({ bytes: text.length, start: text, end: text })
    assert.strictEqual(idOf(`{"jsonrpc":"2.0","id":1,"method":"x"}\n`), 1)
    assert.strictEqual(idOf(`{"id":"a-1","method":"x"}\n`), "a-1")
    assert.strictEqual(idOf(`{"method":"x","jsonrpc":"2.0","id":3}\n`), 3)
    assert.strictEqual(idOf(`{"method":"x","id":3,"jsonrpc":"2.0"}\r\n`), 3)
    assert.isUndefined(idOf(`{"method":"x","params":{"id":3}}\n`))
    assert.isUndefined(idOf(`{"method":"x","params":{"a":1,"id":3}}\n`))
    assert.isUndefined(idOf(`{"method":"x","params":"\\",\\"id\\":3}"\n`))
  })
})
