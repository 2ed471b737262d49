import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { clipEnd, clipStart, oneLine, plainText } from "../../src/audit/plainText.ts"

describe("plainText", () => {
  it.each<[string, string, string]>([
    ["colours", "\u001b[31;1mred\u001b[0m", "red"],
    ["a title", "\u001b]0;title\u0007text", "text"],
    ["a link", "\u001b]8;;https://example.invalid\u001b\\link\u001b]8;;\u001b\\", "link"],
    ["a progress bar", "10%\r20%\r\nend", "10%\n20%\nend"],
    ["a bell, a NUL, a lone escape", "a\u0007b\u0000c\u001b", "abc"],
    ["a change of direction", "a\u202eb\u2066c", "abc"],
    ["tabs and lines stay", "a\tb\nc", "a\tb\nc"],
    ["writing of all kinds stays", "é日本😀", "é日本😀"]
  ])("%s", (_, text, plain) => {
    assert.strictEqual(plainText(text), plain)
  })

  it("leaves nothing that a terminal obeys", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("\u001b", "[", "]", "0", ";", "m", "\u0007", "\u009b", "\r", "x") }),
        (text) => {
          assert.notMatch(plainText(text), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
        }
      )
    )
  })
})

describe("clipping", () => {
  it("says how much is left out, and where it is", () => {
    assert.strictEqual(clipEnd("abcdef", 4, "see the log"), "abcd\n[… 2 more characters: see the log]")
    assert.strictEqual(clipStart("abcdef", 4, "see the log"), "[… 2 characters before this: see the log]\ncdef")
    assert.strictEqual(clipEnd("abcd", 4, "see the log"), "abcd")
    assert.strictEqual(oneLine("a\n  b", 10), "a b")
    assert.strictEqual(oneLine("abcdef", 4), "abc…")
    assert.strictEqual(oneLine(`${" ".repeat(100)}x`, 4), "…")
  })
})
