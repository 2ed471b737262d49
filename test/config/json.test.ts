import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { parseJson } from "../../src/config/json.ts"

const faultsOf = (text: string) =>
  Either.match(parseJson(text), {
    onLeft: (faults) => faults.map(({ line, column, message }) => `${line}:${column} ${message}`),
    onRight: () => []
  })

const accepts = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe("parseJson", () => {
  it.each([
    ["", "1:1 the text ends where a value is expected"],
    ["{\n  \"a\": 1,\n}", "3:1 a comma before a closing bracket is not part of JSON"],
    ["{\n  // why\n}", "2:3 comments are not part of JSON"],
    ["{ 'a': 1 }", "1:3 JSON strings take double quotes"],
    ["{\"a\": 1\n \"b\": 2}", "2:2 expected \",\" or the closing bracket, got \"\\\"\""],
    ["{\"a\" 1}", "1:6 expected \":\", got \"1\""],
    ["[1, 2", "1:6 the text ends where \",\" or the closing bracket is expected"],
    ["[1}", "1:3 expected \",\" or the closing bracket, got \"}\""],
    ["{\"a\": tru}", "1:7 expected a value, got \"tru\""],
    ["{\"a\": \"x\ny\"}", "1:7 the string is not closed on its line, or holds an escape that JSON does not know"],
    ["[01]", "1:2 expected a value or \"]\", got \"01\""],
    ["{} {}", "1:4 expected the end of the text, got \"{\""]
  ])("says where %j is wrong", (text, fault) => {
    assert.deepStrictEqual(faultsOf(text), [fault])
  })

  it("tells every field that is there twice, however it is spelled and however deep", () => {
    assert.deepStrictEqual(faultsOf("{\n \"a\": 1,\n \"\\u0061\": {\"b\": 1, \"b\": 2},\n \"c\": [{\"a\": 1}]\n}"), [
      "3:2 the field \"a\" is there twice",
      "3:21 the field \"b\" is there twice"
    ])
  })

  it("reads what JSON.stringify writes", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      assert.deepStrictEqual(Either.getOrThrow(parseJson(text)), JSON.parse(text))
    }))
  })

  it("takes exactly what JSON.parse takes, duplicates aside", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\"a\"",
      "\"b\\n\"",
      "1",
      "-0.5e3",
      "01",
      "true",
      "nul",
      " ",
      "\n",
      "'",
      "\"",
      "\\",
      "//",
      "\ufeff"
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("")
        const faults = faultsOf(text).filter((fault) => !fault.includes("there twice"))
        assert.strictEqual(faults.length === 0, accepts(text), text)
      }),
      { numRuns: 2000 }
    )
  })

  it("is not overcome by depth or length", () => {
    assert.lengthOf(faultsOf("[".repeat(1_000_000)), 1)
    assert.isTrue(Either.isRight(parseJson(JSON.stringify("x".repeat(1_000_000)))))
    assert.isTrue(Either.isRight(parseJson(JSON.stringify("\n".repeat(500_000)))))
    assert.lengthOf(faultsOf(`"${"\\n".repeat(500_000)}`), 1)
    assert.lengthOf(faultsOf(`{${"\"a\":1,".repeat(100_000)}"b":1}`), 20)
  })
})
