import { assert, describe, it } from "@effect/vitest"
import { progressLine, renderNotStarted, renderProblems } from "../../src/cli/render.ts"
import { RunId, TaskId } from "../../src/domain/Task.ts"
import { task } from "../support/results.ts"
import { plain, run, tagged } from "./results.ts"

describe("a line for an event", () => {
  const id = TaskId.make("a")
  const completed = (text: string) => ({
    _tag: "TaskCodexEvent",
    task_id: id,
    event: { type: "item.completed", item: { type: "agent_message", id: "i", text } }
  } as const)

  it("for the start, with its warnings", () => {
    assert.strictEqual(
      progressLine(plain, {
        _tag: "RunStarted",
        run_id: RunId.make("r"),
        base_commit: "0123456789abcdef".repeat(3),
        concurrency: 2,
        tasks: [id],
        warnings: ["Submodules (\u001b[2Jevil): …"],
        run_dir: "/d"
      }),
      "run r: 1 task, from 0123456789ab\nnote: Submodules (evil): …"
    )
  })

  it("for what has happened, not for what is happening", () => {
    assert.strictEqual(progressLine(plain, { _tag: "TaskStageEntered", task_id: id, stage: "codex" }), "a  working")
    assert.isUndefined(progressLine(plain, { _tag: "TaskStageEntered", task_id: id, stage: "capture" }))
    assert.isUndefined(progressLine(plain, { _tag: "TaskCodexEvent", task_id: id, event: { type: "turn.started" } }))
    assert.isString(progressLine(plain, completed("I add a test.")))
    assert.isUndefined(progressLine(plain, { _tag: "RunFinished", result: run([]) }))
  })

  it("for a call that was denied, with the rule", () => {
    const denied = { tool: "shell", what: "curl\n\u001b[2Jevil", reason: "not in the allowlist" }
    assert.strictEqual(
      progressLine(plain, { _tag: "TaskDenied", task_id: id, denied }),
      "a  denied: curl evil (not in the allowlist)"
    )
  })

  it("for a task's end, with the reason on the same line", () => {
    const result = task("a", {
      status: "failed",
      files_changed: ["x"],
      error: { kind: "policy", message: "No:\nreally" }
    })
    assert.strictEqual(
      progressLine(plain, { _tag: "TaskFinished", task_id: id, result }),
      "a  failed in 1.2 s, 1 file changed: No: really"
    )
  })

  it("can't be made to control the terminal", () => {
    const evil = "\u001b]0;title\u0007\u001b[31mred\u001b[0m\rback\u0008"
    const lines = [
      progressLine(plain, completed(evil)),
      progressLine(plain, { _tag: "TaskNote", task_id: id, message: evil }),
      progressLine(plain, {
        _tag: "TaskFinished",
        task_id: id,
        result: task("a", { error: { kind: "internal", message: evil } })
      }),
      renderProblems(plain, [{ area: "request", at: "base_ref", message: evil }])
    ]
    for (const line of lines) assert.notMatch(line ?? "", /[\u0000-\u0008\u000b-\u001f\u007f]/)
  })
})

describe("problems", () => {
  it("are each a line, with the remedy", () => {
    assert.strictEqual(
      renderNotStarted(plain, [{ area: "environment", at: "git", message: "is missing.", remedy: "Install git." }]),
      "A problem, nothing was started:\n  - git: is missing. Install git."
    )
    assert.strictEqual(
      renderProblems(tagged, [{ area: "request", at: "a", message: "x" }, { area: "request", at: "b", message: "y" }]),
      "<r>2 problems:</r>\n  - a: x\n  - b: y"
    )
  })
})
