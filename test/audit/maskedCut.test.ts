import { assert, describe, it } from "@effect/vitest"
import { maskedEnd, maskedStart, toRead } from "../../src/audit/maskedCut.ts"
import { makeRedactor } from "../../src/audit/redaction.ts"

const redact = makeRedactor([]).text
const token = `ghp_${"a1B2".repeat(9)}`
const cap = 1000

describe("a text that is too long for a result", () => {
  it("is whole where it fits, secrets masked", () => {
    const text = `before ${token} after`
    assert.strictEqual(maskedEnd({ text, isCut: false }, redact, cap, "there"), "before [redacted:github-token] after")
    assert.strictEqual(
      maskedStart({ text, isCut: false }, redact, cap, "there"),
      "before [redacted:github-token] after"
    )
  })

  it("tells no half of a secret, wherever it is cut, and says where the rest is", () => {
    const filler = "words and more words\n"
    for (let at = 0; at < token.length; at++) {
      const long = filler.repeat(4000)
      const end = `${token.slice(at)}\n${long}`.slice(0, toRead(cap))
      const told = maskedEnd({ text: end, isCut: true }, redact, cap, "the whole is there")
      assert.isTrue(told.startsWith("[… the start is left out: the whole is there]\n"))
      // The cut of what is told, not of what was read, goes through the secret.
      const through = `${long}${token}${"x".repeat(cap - at)}`
      assert.notInclude(maskedEnd({ text: through, isCut: true }, redact, cap, "there"), token.slice(-8))
      const start = `${"y".repeat(cap - at)} ${token}\n${long}`
      assert.notInclude(maskedStart({ text: start, isCut: true }, redact, cap, "there"), token.slice(0, 8))
    }
  })
})
