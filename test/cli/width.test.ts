import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { cell, fit, widthOf } from "../../src/cli/width.ts"

describe("text by its columns", () => {
  it("is cut before the column that it has no room for", () => {
    assert.strictEqual(fit("abcdef", 6), "abcdef")
    assert.strictEqual(fit("abcdef", 5), "abcd…")
    assert.strictEqual(fit("ab cdef", 4), "ab…")
    assert.strictEqual(fit("日本語", 6), "日本語")
    assert.strictEqual(fit("日本語", 5), "日本…")
    assert.strictEqual(fit("日本語", 4), "日…")
    assert.strictEqual(fit("a", 0), "")
    assert.strictEqual(fit("ab", 1), "…")
  })

  it("keeps an accent with its letter, and an emoji whole", () => {
    assert.strictEqual(fit("e\u0301e\u0301e\u0301", 2), "e\u0301…")
    assert.strictEqual(fit("👍🏽👍🏽", 3), "👍🏽…")
  })

  it("never takes more than there is, and a cell exactly that", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, columns) => {
        assert.isAtMost(widthOf(fit(text, columns)), columns)
        assert.strictEqual(widthOf(cell(text, columns, "right")), columns)
        if (widthOf(text) <= columns) assert.strictEqual(fit(text, columns), text)
      })
    )
  })
})
