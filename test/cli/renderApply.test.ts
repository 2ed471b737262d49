import { assert, describe, it } from "@effect/vitest"
import { renderApplied, renderNotApplied } from "../../src/cli/renderApply.ts"
import { conflictLines } from "../../src/cli/renderConflicts.ts"
import { type Applied, applyProblem, NotApplied } from "../../src/domain/Apply.ts"
import type { RunConflicts } from "../../src/domain/Conflicts.ts"
import { RunId, TaskId } from "../../src/domain/Task.ts"
import { plain } from "./results.ts"

const run_id = RunId.make("r")
const task = (id: string, files: ReadonlyArray<string>, commit: string | null = null): Applied["tasks"][number] => ({
  task_id: TaskId.make(id),
  files,
  commit,
  patch_sha256: ""
})
const applied = (more: Partial<Applied> = {}): Applied => ({
  run_id,
  applied: true,
  base_commit: "b".repeat(40),
  branch: null,
  onto: "c".repeat(40),
  tasks: [task("one", ["a.txt"]), task("longer", [])],
  left_out: [{ task_id: TaskId.make("bad"), reason: "it ended as failed: no\u001b[31m" }],
  notes: [],
  ...more
})

describe("what was applied", () => {
  it("into the checkout: tasks, files, what was left out, how to look, commit and undo", () => {
    assert.strictEqual(
      renderApplied(plain, applied({ notes: ["Careful."] }), "git"),
      [
        "note: Careful.",
        "Applied to the checkout, staged, not committed:",
        "  one     1 file: a.txt",
        "  longer  changes nothing that is not there already",
        "  left out: bad, it ended as failed: no",
        "",
        "Next",
        "  look:    git diff --cached",
        "  commit:  git commit",
        "  undo:    git restore --source=HEAD --staged --worktree -- :/a.txt"
      ].join("\n")
    )
  })

  it("on a branch: commits, and where they begin; with a name that a shell must not read", () => {
    const text = renderApplied(
      plain,
      applied({ branch: "x;y", tasks: [task("one", ["a"], "d".repeat(40))] }),
      "git -C /r"
    )
    assert.include(text, "Applied to the new branch x;y, from cccccccccccc on:\n  one  dddddddddddd  1 file: a\n")
    assert.include(text, "  take:    git -C /r merge 'x;y'")
  })

  it("only checked: nothing to go on with", () => {
    const text = renderApplied(plain, applied({ applied: false }), "git")
    assert.match(text, /^Can be applied to the checkout, staged, not committed:\n[^]*\n\nNothing was changed\.$/)
  })

  it("many files, or odd ones: counted, and no undo that could name another", () => {
    const text = renderApplied(
      plain,
      applied({ tasks: [task("one", ["a b", ...Array.from({ length: 9 }, (_, at) => `f${at}`)])] }),
      "git"
    )
    assert.include(text, "10 files: a b, f0, f1, f2, f3, f4, and 4 more")
    assert.include(text, "--worktree -- FILE …")
  })
})

describe("why nothing was applied", () => {
  it("every reason with its remedy, and what would go without the others", () => {
    const error = new NotApplied({
      run_id,
      problems: [
        applyProblem("conflict", "\"a\": two conflicts with task one."),
        applyProblem("task", "bad: it failed\u0007.", { remedy: "Look." })
      ],
      applicable: [TaskId.make("one"), TaskId.make("three")]
    })
    assert.strictEqual(
      renderNotApplied(plain, error),
      [
        "Nothing was applied:",
        "  - \"a\": two conflicts with task one.",
        "  - bad: it failed. Look.",
        "",
        "Without what conflicts: codex-runner apply r one three"
      ].join("\n")
    )
    assert.match(
      renderNotApplied(plain, error, ["--branch", "my results", "--repo", "a/b"]),
      /Without what conflicts: codex-runner apply r one three --branch 'my results' --repo a\/b$/
    )
    assert.match(error.message, /^nothing of run "r" was applied\.\n {2}- "a": two/)
  })
})

describe("conflicts", () => {
  const conflicts = (more: Partial<RunConflicts> = {}): RunConflicts => ({
    run_id,
    tasks: [],
    conflicts: [],
    pairs_left_out: 0,
    tasks_left_out: [],
    ...more
  })
  const pair = (...files: ReadonlyArray<string>): RunConflicts["conflicts"][number] => ({
    tasks: [TaskId.make("a"), TaskId.make("b")],
    files: files.map((path) => ({ path, type: path === "gone" ? "modify/delete" : "contents" }))
  })

  it("a line for each pair, with its files", () => {
    assert.deepStrictEqual(conflictLines(conflicts()), [])
    assert.deepStrictEqual(conflictLines(conflicts({ conflicts: [pair("x\u001b[2J", "gone")] })), [
      "a and b: x, gone (modify/delete)"
    ])
  })

  it("what is not shown, or was not compared, is counted", () => {
    const lines = conflictLines(conflicts({
      conflicts: Array.from({ length: 23 }, () => pair("1", "2", "3", "4", "5")),
      pairs_left_out: 1,
      tasks_left_out: [TaskId.make("moved")]
    }))
    assert.strictEqual(lines[0], "a and b: 1, 2, 3, 4, and 1 more")
    assert.deepStrictEqual(lines.slice(20), [
      "and 3 more pairs: runs show --json has all",
      "1 pair that touch the same files were not compared: there are too many",
      "not compared, because its ref was moved: moved"
    ])
  })
})
