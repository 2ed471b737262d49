import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { pathsUnder, sortPaths } from "../../src/patch/sortedPaths.ts"

const path = fc.array(fc.constantFrom("a", "b", "a-", "a.", "a0", "ä", " ", "🎉", "A"), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"))

describe("pathsUnder", () => {
  it("gives what is below a folder, and nothing whose name only begins the same", () =>
    fc.assert(fc.property(fc.array(path), path, (paths, folder) => {
      assert.deepStrictEqual(
        [...pathsUnder(sortPaths(paths), folder)].sort(),
        paths.filter((one) => one.startsWith(`${folder}/`)).sort()
      )
    })))
})
