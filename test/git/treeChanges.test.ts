import { assert, describe, it } from "@effect/vitest"
import { parseIndex } from "../../src/git/indexEntries.ts"
import { parseTreeChanges } from "../../src/git/treeChanges.ts"

const bytes = (...fields: ReadonlyArray<string>) =>
  new TextEncoder().encode(fields.map((field) => `${field}\0`).join(""))
const [a, b, none] = ["a".repeat(40), "b".repeat(40), "0".repeat(40)]

describe("the output of git diff-tree --raw", () => {
  it("what was added, changed, deleted, by path", () => {
    assert.deepStrictEqual(
      parseTreeChanges(bytes(
        `:000000 100644 ${none} ${a} A`,
        "new",
        `:100644 120000 ${a} ${b} T`,
        "odd\n:100644 name",
        `:100755 000000 ${a} ${none} D`,
        "gone"
      )).get(""),
      [
        { path: "new", before: null, after: { mode: "100644", id: a } },
        { path: "odd\n:100644 name", before: { mode: "100644", id: a }, after: { mode: "120000", id: b } },
        { path: "gone", before: { mode: "100755", id: a }, after: null }
      ]
    )
    assert.strictEqual(parseTreeChanges(bytes()).size, 0)
  })

  it("of several commits, each by its own", () => {
    const changes = parseTreeChanges(bytes(a, `:000000 100644 ${none} ${a} A`, "x", b, none))
    assert.deepStrictEqual([...changes].map(([commit, files]) => [commit, files.map(({ path }) => path)]), [
      [a, ["x"]],
      [b, []],
      [none, []]
    ])
  })
})

describe("the output of git ls-files", () => {
  it("entries, those that a sparse checkout leaves out, and a merge under way", () => {
    const index = parseIndex(bytes(
      `H 100644 ${a} 0\ta\tb`,
      `S 100755 ${b} 0\tskipped`,
      `M 100644 ${a} 1\tboth`,
      `M 100644 ${b} 2\tboth`
    ))
    assert.deepStrictEqual([...index.entries], [
      ["a\tb", { mode: "100644", id: a, skipped: false }],
      ["skipped", { mode: "100755", id: b, skipped: true }]
    ])
    assert.deepStrictEqual(index.unmerged, ["both"])
  })
})
