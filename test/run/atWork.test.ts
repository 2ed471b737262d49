import { assert, describe, it } from "@effect/vitest"
import { EnforcementBreach } from "../../src/gate/watchGate.ts"
import { SpawnFailed } from "../../src/process/failures.ts"
import { errorOf } from "../../src/run/atWork.ts"
import { WorktreeFailed } from "../../src/worktree/Worktrees.ts"

describe("a Codex that could not be started", () => {
  const failed = (missing: "program" | "cwd") =>
    errorOf(new SpawnFailed({ command: "/opt/codex", cwd: "/state/worktree", missing, reason: "ENOENT" }))

  it("is missing, with npm's remedy, where it is", () => {
    assert.deepStrictEqual(failed("program"), {
      kind: "codex_missing",
      message: "ENOENT: spawn /opt/codex ENOENT. Install it with: npm install -g @openai/codex"
    })
  })

  it("is not what is missing where its worktree is", () => {
    assert.deepStrictEqual(failed("cwd"), {
      kind: "worktree",
      message: "cannot start /opt/codex: its working folder /state/worktree does not exist"
    })
  })
})

describe("what broke the policy", () => {
  it("is told as that, whatever words the model's command holds", () => {
    const { kind, message } = errorOf(new EnforcementBreach({ detail: "`grep -r ENOSPC src` ran" }))
    assert.strictEqual(kind, "policy")
    assert.notInclude(message, "Is the disk full")
  })
})

describe("a worktree that could not be made", () => {
  const failed = (reason: string) => errorOf(new WorktreeFailed({ path: "/state/worktree", reason }))

  it("for a full disk is told as that, with a question that says where to look", () => {
    const { kind, message } = failed("git read-tree failed (exit 128): error: unable to write file src/1")
    assert.strictEqual(kind, "disk")
    assert.match(message, /src\/1\. Is the disk full or read-only\?$/)
  })

  it("for another reason is told as it is", () => {
    assert.strictEqual(failed("fatal: invalid reference: main").kind, "worktree")
  })
})
