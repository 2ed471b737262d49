import { assert, describe, it } from "@effect/vitest"
import { SpawnFailed } from "../../src/process/failures.ts"
import { errorOf } from "../../src/run/atWork.ts"

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
