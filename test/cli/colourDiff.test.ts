import { assert, describe, it } from "@effect/vitest"
import { makeDiffPainter } from "../../src/cli/colourDiff.ts"
import { tagged } from "./results.ts"

const painted = (...lines: ReadonlyArray<string>) => {
  const paint = makeDiffPainter(tagged)
  return lines.map(paint)
}

describe("a patch in colours", () => {
  it("by what each line is: a name that looks like a change is none, nor is a change that looks like a name", () => {
    assert.deepStrictEqual(
      painted(
        "diff --git a/x b/x",
        "--- a/x",
        "+++ b/x",
        "@@ -1,3 +1,3 @@ fn()",
        " same",
        "--- deleted",
        "+++ added",
        "\\ No newline at end of file",
        "diff --git a/y b/y",
        "--- a/y"
      ),
      [
        "<b>diff --git a/x b/x</b>",
        "<b>--- a/x</b>",
        "<b>+++ b/x</b>",
        "<y>@@ -1,3 +1,3 @@</y> fn()",
        " same",
        "<r>--- deleted</r>",
        "<g>+++ added</g>",
        "\\ No newline at end of file",
        "<b>diff --git a/y b/y</b>",
        "<b>--- a/y</b>"
      ]
    )
  })

  it("binary content is not read, and nothing is obeyed", () => {
    assert.deepStrictEqual(painted("diff --git a/x b/x", "GIT binary patch", "literal 3", "+zcmZ").slice(2), [
      "<d>literal 3</d>",
      "<d>+zcmZ</d>"
    ])
    assert.deepStrictEqual(painted("@@ -1 +1 @@", "+\u001b[2Jgone\r").slice(1), ["<g>+^[[2Jgone^M</g>"])
  })
})
