import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as BoundedTail from "../../src/process/boundedTail.ts"

const tailOf = (cap: number, parts: ReadonlyArray<string>) => parts.reduce(BoundedTail.append, BoundedTail.empty(cap))

describe("boundedTail", () => {
  it("keeps the end, and counts what came before", () => {
    const tail = tailOf(5, ["hello ", "wor", "ld"])
    assert.strictEqual(BoundedTail.text(tail), "world")
    assert.strictEqual(BoundedTail.dropped(tail), 6)
  })

  it("drops nothing below its cap", () => {
    const tail = tailOf(100, ["a", "", "b"])
    assert.strictEqual(BoundedTail.text(tail), "ab")
    assert.strictEqual(BoundedTail.dropped(tail), 0)
  })

  it("holds the last of the text, however it came", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20 })), fc.integer({ min: 1, max: 30 }), (parts, cap) => {
        const tail = tailOf(cap, parts)
        const whole = parts.join("")
        assert.strictEqual(BoundedTail.text(tail), whole.slice(-cap))
        assert.strictEqual(BoundedTail.dropped(tail), Math.max(0, whole.length - cap))
      })
    )
  })

  it("holds no more than twice its cap, whatever comes", () => {
    let tail = BoundedTail.empty(1_000)
    const mebibyte = "x".repeat(1024 * 1024)
    for (let i = 0; i < 200; i++) {
      tail = BoundedTail.append(tail, mebibyte)
      assert.isAtMost(tail.held.length, 2_000)
    }
    assert.strictEqual(BoundedTail.dropped(tail), 200 * 1024 * 1024 - 1_000)
  })

  it("an old tail is not changed by what is appended to it", () => {
    const before = tailOf(3, ["abc"])
    BoundedTail.append(before, "def")
    assert.strictEqual(BoundedTail.text(before), "abc")
  })

  it("never halves a surrogate pair", () => {
    const tail = tailOf(3, ["a😀😀"])
    assert.strictEqual(BoundedTail.text(tail), "😀")
    assert.strictEqual(BoundedTail.dropped(tail), 3)
    assert.strictEqual(BoundedTail.firstCharacters("😀😀a", 3), "😀")
    assert.strictEqual(BoundedTail.lastCharacters("😀😀", 2), "😀")
  })
})
