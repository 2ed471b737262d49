import { assert, describe, it } from "@effect/vitest"
import type { Palette } from "../../src/cli/output.ts"
import { progressLine, renderProblems, renderResult } from "../../src/cli/render.ts"
import type { RunResult, TaskResult } from "../../src/domain/Result.ts"
import { RunId, TaskId } from "../../src/domain/Task.ts"

const same = (text: string) => text
const plain: Palette = { on: false, bold: same, dim: same, red: same, green: same, yellow: same }
const tagged: Palette = {
  on: true,
  bold: (text) => `<b>${text}</b>`,
  dim: (text) => `<d>${text}</d>`,
  red: (text) => `<r>${text}</r>`,
  green: (text) => `<g>${text}</g>`,
  yellow: (text) => `<y>${text}</y>`
}

const task = (id: string, more: Partial<TaskResult> = {}): TaskResult => ({
  task_id: TaskId.make(id),
  status: "success",
  exit_code: 0,
  files_changed: [],
  patch: "",
  patch_applicable: true,
  apply_check_log: "",
  commands_run: [],
  evidence: "",
  logs: { stdout: "", stderr: "", tail: "" },
  workspace_path: "",
  duration_ms: 1234,
  summary: "",
  notes_for_manager: "",
  error: null,
  denied: [],
  violations: [],
  enforcement: "none",
  ref: null,
  patch_path: null,
  patch_sha256: null,
  usage: null,
  thread_id: null,
  log_dir: `/log/${id}`,
  started_at: null,
  finished_at: null,
  ...more
})

const run = (results: ReadonlyArray<TaskResult>, more: Partial<RunResult> = {}): RunResult => ({
  run_id: RunId.make("r"),
  status: "completed",
  base_commit: "c".repeat(40),
  total_duration_ms: 61_000,
  results,
  ...more
})

const patch = `diff --git a/src/a.ts b/src/a.ts
index 1..2 100644
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,3 +1,3 @@
 one
--- two
+++ two
+three
diff --git a/b b/b
new file mode 100644
--- /dev/null
+++ b/b
@@ -0,0 +1 @@
+x
`

describe("a run's result", () => {
  it("is a table, the reasons of what failed, and what to do next", () => {
    const good = task("add", {
      files_changed: ["src/a.ts", "b"],
      patch,
      commands_run: [{ cmd: "npm test", exit_code: 0 }],
      usage: { input_tokens: 1000, cached_input_tokens: 0, output_tokens: 50, reasoning_output_tokens: 0 },
      ref: "refs/codex-runner/r/add",
      patch_path: "/state/it's/patch.diff"
    })
    const bad = task("much-longer-name", {
      status: "timeout",
      duration_ms: 300_000,
      patch_applicable: false,
      error: { kind: "timeout", message: "Task timeout exceeded (300s). Raise timeout_sec,\nor split the task." }
    })
    assert.strictEqual(
      renderResult(plain, run([good, bad]), "/home/me/my project"),
      `
TASK              STATUS   TIME       FILES      COMMANDS  TOKENS
add               success  1.2 s      2 (+3 -1)  1         1050
much-longer-name  timeout  5 min 0 s  -          0         -

completed in 1 min 1 s

much-longer-name: Task timeout exceeded (300s). Raise timeout_sec, or split the task.
  log: /log/much-longer-name

Next
  look:   git -C '/home/me/my project' show refs/codex-runner/r/add
  apply:  git -C '/home/me/my project' apply --index '/state/it'\\''s/patch.diff'`
    )
  })

  it("says nothing of what to do next where nothing can be applied", () => {
    const rejected = task("a", { status: "failed", patch_applicable: false, ref: "refs/x" })
    assert.notInclude(renderResult(plain, run([rejected]), "/r"), "Next")
    assert.notInclude(renderResult(plain, run([task("a")]), "/r"), "Next")
  })

  it("names the others, up to a few", () => {
    const all = ["a", "b", "c", "d", "e"].map((id) => task(id, { ref: `refs/${id}`, patch_path: `/p/${id}` }))
    assert.include(renderResult(plain, run(all), "/r"), "the others: refs/b, refs/c, refs/d, …")
    assert.include(renderResult(plain, run(all.slice(0, 2)), "/r"), "the others: refs/b")
  })

  it("colours the status, also where a task is called like one", () => {
    const text = renderResult(
      tagged,
      run([task("failed", { status: "failed" }), task("b"), task("c", { status: "skipped" })]),
      "/r"
    )
    assert.include(text, "failed  <r>failed</r>")
    assert.include(text, "<g>success</g>")
    assert.include(text, "<d>skipped</d>")
  })

  it("tells times as a clock does", () => {
    const time = (total_duration_ms: number) =>
      /in (.*)$/m.exec(renderResult(plain, run([], { total_duration_ms }), "/r"))?.[1]
    assert.deepStrictEqual(
      [0, 49, 59_940, 59_960, 60_000, 119_600, 3_600_000].map(time),
      ["0.0 s", "0.0 s", "59.9 s", "1 min 0 s", "1 min 0 s", "2 min 0 s", "60 min 0 s"]
    )
  })
})

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
      "run r: 1 task, 2 at a time, from 0123456789ab\nnote: Submodules (evil): …"
    )
  })

  it("for what has happened, not for what is happening", () => {
    assert.strictEqual(progressLine(plain, { _tag: "TaskStageEntered", task_id: id, stage: "codex" }), "a  working")
    assert.isUndefined(progressLine(plain, { _tag: "TaskStageEntered", task_id: id, stage: "capture" }))
    assert.isUndefined(progressLine(plain, { _tag: "TaskCodexEvent", task_id: id, event: { type: "turn.started" } }))
    assert.isString(progressLine(plain, completed("I add a test.")))
    assert.isUndefined(progressLine(plain, { _tag: "RunFinished", result: run([]) }))
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
      renderProblems(plain, [{ area: "environment", at: "git", message: "is missing.", remedy: "Install git." }]),
      "A problem, nothing was started:\n  - git: is missing. Install git."
    )
    assert.strictEqual(
      renderProblems(tagged, [{ area: "request", at: "a", message: "x" }, { area: "request", at: "b", message: "y" }]),
      "<r>2 problems, nothing was started:</r>\n  - a: x\n  - b: y"
    )
  })
})
