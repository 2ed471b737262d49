import { assert, describe, it } from "@effect/vitest"
import { parseMergeTree } from "../../src/git/mergeTree.ts"

const parse = (...fields: ReadonlyArray<string>) =>
  parseMergeTree(new TextEncoder().encode(fields.map((field) => `${field}\0`).join("")))

const [clean, other] = ["8c830cf37cbea21bcb5f2035dbcc4a27cede3e9f", "11edb12dd5fc51fb41b41f6c1a4d7a2032d1722b"]
const label = "3f4a8ac8b62cad843ba38b881b9f8852f0f6a150"

describe("the output of git merge-tree", () => {
  it("nothing for nothing", () => assert.deepStrictEqual(parse(), []))

  it("clean merges, and conflicts with their types; what git merged by itself is none", () => {
    assert.deepStrictEqual(
      parse(
        "1",
        clean,
        "",
        "0",
        other,
        "f",
        "",
        "1",
        "f",
        "Auto-merging",
        "Auto-merging f\n",
        "1",
        "f",
        "CONFLICT (contents)",
        "CONFLICT (content): Merge conflict in f\n",
        "",
        "1",
        clean,
        ""
      ),
      [
        { tree: clean, conflicts: [] },
        { tree: other, conflicts: [{ paths: ["f"], type: "contents" }] },
        { tree: clean, conflicts: [] }
      ]
    )
  })

  it("names without the commit that git puts behind what is in the way", () => {
    const [merged] = parse(
      "0",
      other,
      `lnk~${label}`,
      "a~b",
      "",
      "2",
      `lnk~${label}`,
      "lnk",
      "CONFLICT (file/directory)",
      "CONFLICT (file/directory): ...\n",
      "1",
      `lnk~${label}_0`,
      "CONFLICT (modify/delete)",
      "...\n",
      "1",
      "a~b",
      "CONFLICT (binary)",
      "...\n",
      ""
    )
    assert.deepStrictEqual(merged?.conflicts, [
      { paths: ["lnk", "lnk"], type: "file/directory" },
      { paths: ["lnk"], type: "modify/delete" },
      { paths: ["a~b"], type: "binary" }
    ])
  })

  it("names of any kind", () => {
    const path = "new\nline \"ü\"\t1"
    const [merged] = parse("0", other, path, "", "1", path, "CONFLICT (contents)", "text\nof two lines\n", "")
    assert.deepStrictEqual(merged?.conflicts, [{ paths: [path], type: "contents" }])
  })

  it("a conflict of which git says nothing more is told by its names", () => {
    assert.deepStrictEqual(parse("0", other, "a", "b", "", "")[0]?.conflicts, [{ paths: ["a", "b"], type: "contents" }])
  })
})
