import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { decodeCursor, encodeCursor } from "../../src/mcp/cursor.ts"

describe("a cursor", () => {
  it("comes back as what it was made of", () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 999 })), (positions) => {
      const cursor = encodeCursor("run", new Set(positions))
      const back = decodeCursor("run", cursor, 1000)
      assert.deepStrictEqual([...back ?? []].sort((a, b) => a - b), positions.sort((a, b) => a - b))
      assert.isAtMost(cursor.length, 170)
    }))
  })

  it("of another run, or of nobody, is none", () => {
    assert.isUndefined(decodeCursor("run", encodeCursor("run", new Set([5])), 5))
    assert.isUndefined(decodeCursor("run", encodeCursor("other", new Set([0, 2])), 5))
    fc.assert(fc.property(fc.string(), (text) => {
      const taken = decodeCursor("run", text, 8)
      if (taken !== undefined) assert.strictEqual(encodeCursor("run", taken), text)
    }))
    const none = encodeCursor("run", new Set())
    assert.isUndefined(decodeCursor("run", `${none}${"A".repeat(1000)}`, 1000))
  })
})
