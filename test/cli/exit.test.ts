import { assert, describe, it } from "@effect/vitest"
import { exitCodeOf, exitCodeOfProblems } from "../../src/cli/exit.ts"
import type { Problem } from "../../src/domain/Problem.ts"
import type { RunStatus, TaskError, TaskStatus } from "../../src/domain/Result.ts"
import { RunId } from "../../src/domain/Task.ts"
import { task } from "../support/results.ts"

const error: TaskError = { kind: "cancelled", message: "" }

const codeOf = (status: RunStatus, ...ends: ReadonlyArray<TaskStatus | readonly [TaskStatus, TaskError]>) =>
  exitCodeOf({
    run_id: RunId.make("r"),
    status,
    base_commit: "",
    total_duration_ms: 0,
    results: ends.map((end) =>
      typeof end === "string" ? task("a", { status: end }) : task("a", { status: end[0], error: end[1] })
    )
  })

describe("the exit code of a run", () => {
  it("0 where every task succeeded, or a dry run found nothing wrong", () => {
    assert.strictEqual(codeOf("completed", "success", "success"), 0)
    assert.strictEqual(codeOf("completed", "skipped", "skipped"), 0)
  })

  it("1 where some did not", () => {
    for (const status of ["failed", "timeout", "cancelled"] as const) {
      assert.strictEqual(codeOf("completed", "success", status), 1)
    }
    assert.strictEqual(codeOf("completed", "success", ["skipped", error]), 1)
  })

  it("130 where the run was cancelled, whatever its tasks came to", () => {
    assert.strictEqual(codeOf("cancelled", "success"), 130)
    assert.strictEqual(codeOf("cancelled"), 130)
  })

  it("never 0 for a run that has not come to its end", () => {
    assert.strictEqual(codeOf("running"), 1)
    assert.strictEqual(codeOf("running", "success"), 1)
    assert.strictEqual(codeOf("interrupted", "success"), 1)
  })
})

describe("the exit code of a refused run", () => {
  const problem = (area: Problem["area"]): Problem => ({ area, at: "x", message: "y" })

  it("3 where only the environment isn't ready, 2 as soon as the user's own input is wrong", () => {
    assert.strictEqual(exitCodeOfProblems([problem("environment"), problem("environment")]), 3)
    assert.strictEqual(exitCodeOfProblems([problem("environment"), problem("request")]), 2)
    assert.strictEqual(exitCodeOfProblems([problem("configuration")]), 2)
  })
})
