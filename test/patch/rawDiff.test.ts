import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseRawDiff } from "../../src/patch/rawDiff.ts"

const id = "0".repeat(40)

const name = fc.string({
  unit: fc.constantFrom("a", "é", "\n", "\t", ":", " ", "-", "\"", "1"),
  minLength: 1,
  maxLength: 12
})

const file = fc.record({
  path: name,
  status: fc.constantFrom("A" as const, "M" as const, "D" as const, "T" as const),
  oldMode: fc.constantFrom("100644", "000000"),
  newMode: fc.constantFrom("100755", "120000"),
  lines: fc.option(fc.record({ added: fc.nat(), deleted: fc.nat() }), { nil: null })
})

describe("parseRawDiff", () => {
  it("reads back what git writes, whatever the names", () =>
    fc.assert(fc.property(fc.uniqueArray(file, { selector: (one) => one.path }), (files) => {
      const raw = files.map((one) => `:${one.oldMode} ${one.newMode} ${id} ${id} ${one.status}\0${one.path}\0`)
      const counts = files.map(({ lines, path }) => `${lines?.added ?? "-"}\t${lines?.deleted ?? "-"}\t${path}\0`)
      assert.deepStrictEqual(
        parseRawDiff(new TextEncoder().encode([...raw, ...counts].join(""))),
        files.map(({ lines, newMode, oldMode, path, status }) => ({
          path,
          status,
          oldMode,
          newMode,
          added: lines?.added ?? null,
          deleted: lines?.deleted ?? null
        }))
      )
    })))

  it("reads nothing from nothing", () => assert.deepStrictEqual(parseRawDiff(new Uint8Array()), []))
})
