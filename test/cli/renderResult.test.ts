import { assert, describe, it } from "@effect/vitest"
import { gitSteps, nextSteps, type Steps } from "../../src/cli/nextSteps.ts"
import { renderResult, type ResultView } from "../../src/cli/renderResult.ts"
import { widthOf } from "../../src/cli/width.ts"
import type { RunResult } from "../../src/domain/Result.ts"
import { TaskId } from "../../src/domain/Task.ts"
import { task } from "../support/results.ts"
import { plain, run, tagged } from "./results.ts"

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

const rendered = (
  result: RunResult,
  { columns, conflicts = [], next = [], palette = plain }: Partial<ResultView> = {}
): string => renderResult(result, { palette, columns, conflicts, next })

const usage = { input_tokens: 1000, cached_input_tokens: 0, output_tokens: 50, reasoning_output_tokens: 0 }

const good = task("add", {
  files_changed: ["src/a.ts", "b"],
  patch,
  commands_run: [{ cmd: "npm test", exit_code: 0 }],
  usage,
  ref: "refs/codex-runner/r/add",
  patch_path: "/state/it's/patch.diff"
})

const late = task("much-longer-name", {
  status: "timeout",
  duration_ms: 300_000,
  patch_applicable: false,
  error: { kind: "timeout", message: "Task timeout exceeded (300s). Raise timeout_sec,\nor split the task." }
})

describe("a run's result", () => {
  it("is a table, the reasons of what failed, and what to do next", () => {
    const result = run([good, late])
    assert.strictEqual(
      rendered(result, { next: nextSteps(result) }),
      `
TASK              STATUS   TIME       FILES      CMDS  TOKENS
add               success  1.2 s      2 (+3 -1)     1    1.1k
much-longer-name  timeout  5 min 0 s  -             0       -

completed in 1 min 1 s: 1 success, 1 timeout

Not successful
  much-longer-name: Task timeout exceeded (300s). Raise timeout_sec, or split the task.

Next
  show:   codex-runner runs show r much-longer-name
  apply:  codex-runner apply r add`
    )
  })

  it("leaves out what there is nothing to say of", () => {
    assert.strictEqual(
      rendered(run([task("a")])),
      "\nTASK  STATUS   TIME   FILES  CMDS  TOKENS\na     success  1.2 s  -         0       -" +
        "\n\ncompleted in 1 min 1 s: 1 success"
    )
  })

  it("tells the same reason once, for all its tasks", () => {
    const error = { kind: "auth", message: "No Codex authentication found." } as const
    const ids = ["a", "b", "c", "d", "e"]
    const failed = (names: ReadonlyArray<string>) => run(names.map((id) => task(id, { status: "failed", error })))
    assert.include(rendered(failed(ids)), "\n  a, b and 3 others: No Codex authentication found.")
    assert.include(rendered(failed(ids.slice(0, 3))), "\n  a, b, c: No Codex authentication found.")
  })

  it("has doubts about a success whose last command failed or that was denied something", () => {
    const doubtful = task("a", {
      commands_run: [{ cmd: "npm test", exit_code: 1 }],
      denied: [{ tool: "shell", what: "curl x", reason: "" }, { tool: "shell", what: "curl y", reason: "" }]
    })
    const text = rendered(run([doubtful, task("b", { commands_run: [{ cmd: "npm test", exit_code: 0 }] })]))
    assert.include(
      text,
      "Worth a look\n  a: its last command failed (exit 1): npm test\n  a: 2 calls denied, the first: curl x"
    )
    assert.notInclude(text, "  b:")
    assert.match(text, /^a .* +2 +-$/m)
  })

  it("has a place for conflicts", () => {
    assert.include(
      rendered(run([good]), { conflicts: ["add and mul both change src/a.ts"] }),
      "\n\nConflicts\n  add and mul both change src/a.ts"
    )
  })

  it("colours the status, also where a task is called like one", () => {
    const text = rendered(
      run([task("failed", { status: "failed" }), task("b"), task("c", { status: "skipped" })]),
      { palette: tagged }
    )
    assert.include(text, "<b>failed</b>  <r>failed </r>")
    assert.include(text, "<g>success</g>")
    assert.include(text, "<d>skipped</d>")
  })

  it("tells times as a clock does", () => {
    const time = (total_duration_ms: number) => /in (.*)$/m.exec(rendered(run([], { total_duration_ms })))?.[1]
    assert.deepStrictEqual(
      [0, 49, 59_940, 59_960, 60_000, 119_600, 3_600_000].map(time),
      ["0.0 s", "0.0 s", "59.9 s", "1 min 0 s", "1 min 0 s", "2 min 0 s", "60 min 0 s"]
    )
  })
})

describe("at a terminal of 80 columns", () => {
  const long = "x".repeat(64)
  const result = run([
    task(long, {
      status: "failed",
      files_changed: Array.from({ length: 1234 }, (_, index) => `f${index}`),
      duration_ms: 1_799_000,
      usage: { ...usage, input_tokens: 123_456_789 },
      denied: [{ tool: "shell", what: "cat 秘密のファイル".repeat(20), reason: "" }],
      error: { kind: "model", message: "エラーが発生しました。もう一度お試しください。".repeat(8) }
    }),
    late,
    good
  ])
  const text = rendered(result, { columns: 80, conflicts: ["add and mul: ".repeat(20)], next: nextSteps(result) })

  it("no line is wider but commands, which are there to be copied", () => {
    for (const line of text.split("\n")) {
      if (!line.includes("codex-runner ")) assert.isAtMost(widthOf(line), 80, line)
    }
    assert.include(text, `codex-runner runs show r ${long}`)
  })

  it("the task's name gives way, the rest of the table stays", () => {
    assert.match(text, /^x+… {2}failed {3}29 min 59 s {2}1234 \(\+0 -0\) +0 +1 +123M$/m)
  })

  it("a few reasons are told whole, of many each has a line", () => {
    const reasonAt = (count: number) =>
      rendered(
        run(Array.from({ length: count }, (_, index) =>
          task(`t${index}`, {
            status: "failed",
            error: { kind: "model", message: `Reason ${index} ${"word ".repeat(30)}end.` }
          }))),
        { columns: 80 }
      )
    assert.strictEqual(reasonAt(5).match(/end\.$/gm)?.length, 5)
    assert.strictEqual(reasonAt(6).match(/^ {2}t\d: Reason .*…$/gm)?.length, 6)
    assert.match(reasonAt(100), /… and 60 more lines$/m)
  })

  it("narrower ones cut what doesn't fit", () => {
    for (const line of rendered(result, { columns: 30 }).split("\n")) assert.isAtMost(widthOf(line), 30, line)
  })
})

describe("a dry run's result", () => {
  it("says so; that of a run that ended before its tasks started doesn't", () => {
    const skipped = task("a", { status: "skipped" })
    const ended = task("a", { status: "skipped", error: { kind: "cancelled", message: "The run ended before." } })
    assert.include(
      rendered(run([skipped, skipped])),
      ": 2 skipped\nA dry run: everything was checked, Codex was not started."
    )
    assert.notInclude(rendered(run([skipped, ended])), "A dry run")
  })
})

describe("what to do next", () => {
  const names = (steps: Steps) => Object.fromEntries(steps)

  it("is nothing where there is nothing to show", () => {
    assert.deepStrictEqual(nextSteps(run([task("a", { status: "skipped" })])), [])
    assert.deepStrictEqual(gitSteps(run([task("a")]), "/r"), [])
  })

  it("is a look at what failed first, applying what is good, resuming what was not finished", () => {
    const skipped = task("later", { status: "skipped" })
    assert.deepStrictEqual(names(nextSteps(run([good, { ...good, task_id: TaskId.make("two") }]))), {
      show: "codex-runner runs show r add",
      apply: "codex-runner apply r"
    })
    assert.deepStrictEqual(names(nextSteps(run([skipped, late], { status: "cancelled" }))), {
      show: "codex-runner runs show r much-longer-name",
      resume: "codex-runner resume r"
    })
  })

  it("is, where patches conflict, to apply those that go together, each before its rival", () => {
    const [one, two, three] = [TaskId.make("one"), TaskId.make("two"), TaskId.make("three")]
    const result = run([one, two, three].map((task_id) => ({ ...good, task_id })))
    const apply = (...conflicts: ReadonlyArray<readonly [TaskId, TaskId]>) =>
      names(nextSteps(result, [], conflicts))["apply"]
    assert.strictEqual(apply([one, two]), "codex-runner apply r one three")
    assert.strictEqual(apply([two, one], [three, one]), "codex-runner apply r one")
    assert.strictEqual(apply(), "codex-runner apply r")
  })

  it("leads to the same repository and configuration, however they are called", () => {
    assert.strictEqual(
      names(nextSteps(run([good]), ["--repo", "my project"]))["apply"],
      "codex-runner apply r add --repo 'my project'"
    )
    assert.deepStrictEqual(names(gitSteps(run([good]), "/home/me/my project")), {
      look: "git -C '/home/me/my project' show refs/codex-runner/r/add",
      apply: "git -C '/home/me/my project' apply --index '/state/it'\\''s/patch.diff'"
    })
  })
})
