import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import { type Problem, RunRejected } from "../../src/domain/Problem.ts"
import { replyOf } from "../../src/mcp/failures.ts"

const told = (first: Partial<Problem>, ...more: ReadonlyArray<Partial<Problem>>): string => {
  const whole = (one: Partial<Problem>): Problem => ({ area: "request", at: "x", message: "is wrong.", ...one })
  const error = new RunRejected({ problems: [whole(first), ...more.map(whole)] })
  const [content] = replyOf("list_runs", Cause.fail(error), (text) => text)?.content ?? []
  return content?.type === "text" ? content.text : ""
}

describe("a refusal over MCP", () => {
  it("names fields, also where one is called as what every object has", () => {
    assert.include(told({ at: "run" }), "- run_id: is wrong.")
    for (const at of ["constructor", "__proto__", "toString"]) assert.include(told({ at }), `- ${at}: is wrong.`)
  })

  it("has all that fits, says how many are left out, and what to do", () => {
    const long = told({ message: "y".repeat(1_000_000) }, { at: "other" })
    assert.match(long, /^- x: y+\[… \d+ more characters: left out\]$/m)
    assert.include(long, "- other: is wrong.")
    const many = told({}, ...Array.from({ length: 300 }, () => ({ message: "z".repeat(100) })))
    assert.match(many, /^… and \d+ more\.$/m)
    for (const text of [long, many]) {
      assert.isAtMost(Buffer.byteLength(text), 8000)
      assert.match(text, /\nCorrect the arguments and call list_runs again\.$/)
    }
  })

  it("tells an agent what it, and not a person at a shell, can do about the repository", () => {
    const text = told({ area: "environment", at: "repository", remedy: "Name one with --repo." })
    assert.include(text, "Name one with repo_dir.")
    assert.notInclude(text, "--repo.")
    assert.include(told({ at: "repository", remedy: "Make a first commit." }), "Make a first commit.")
  })
})
