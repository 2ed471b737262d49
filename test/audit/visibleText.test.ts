import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { visibleText } from "../../src/audit/visibleText.ts"

describe("visible text", () => {
  it("writes out what a terminal would obey or hide", () => {
    assert.strictEqual(visibleText("a\tb\n"), "a\tb\n")
    assert.strictEqual(visibleText("\u001b[31mred\u0007\r\u007f\u0000"), "^[[31mred^G^M^?^@")
    assert.strictEqual(visibleText("\u009b31m"), "<U+009B>31m")
    assert.strictEqual(visibleText("a\u202eb\u200bc\ufeff"), "a<U+202E>b<U+200B>c<U+FEFF>")
    assert.strictEqual(visibleText("ünï 名前 🎉"), "ünï 名前 🎉")
  })

  it("leaves nothing of the kind in any text, and says something for each of them", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      const shown = visibleText(text)
      assert.isFalse(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e\u200b]/.test(shown))
      assert.isAtLeast(shown.length, text.length)
    }))
  })
})
