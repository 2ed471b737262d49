import { assert, describe, it } from "@effect/vitest"
import { renderReview } from "../../src/cli/renderReview.ts"

const same = (text: string) => text
const palette = { on: false, bold: (text: string) => `*${text}*`, dim: same, red: same, green: same, yellow: same }

const none = {
  missing_tasks: [],
  dependency_issues: [],
  parallelization_suggestions: [],
  test_gaps: [],
  risk_flags: [],
  recommended_task_splits: []
}

describe("a review at a terminal", () => {
  it("has a heading for each list that holds something, and no more", () => {
    assert.strictEqual(
      renderReview(palette, { report: { ...none, missing_tasks: ["one", "two"], risk_flags: ["three"] } }),
      "*Missing tasks*\n  - one\n  - two\n\n*Risks*\n  - three"
    )
    const all = Object.fromEntries(Object.keys(none).map((name) => [name, [name]]))
    assert.strictEqual(renderReview(palette, { report: { ...none, ...all } }).split("\n\n").length, 6)
  })

  it("sets further lines in, and obeys no escape sequence", () => {
    assert.strictEqual(
      renderReview(palette, { report: { ...none, test_gaps: ["one\ntwo \u001b[2Jthree\n"] } }),
      "*Test gaps*\n  - one\n    two three"
    )
  })

  it("says so where there is nothing to say", () => {
    assert.strictEqual(renderReview(palette, { report: none }), "Nothing to say against this plan.")
  })
})
