import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { lastAction, maxActionCharacters } from "../../src/audit/lastAction.ts"
import { parseEvent } from "../../src/codex/jsonl.ts"

const actions = (name: string) =>
  readFileSync(new URL(`../fixtures/codex-exec/${name}.jsonl`, import.meta.url), "utf8")
    .split("\n").filter((line) => line !== "").map((line) => lastAction(parseEvent(line)))

describe("lastAction", () => {
  it("tells a run in a few words each", () => {
    assert.deepStrictEqual(actions("success"), [
      "starting",
      "thinking",
      "thinking: Looking around",
      "$ ls && cat package.json",
      "ok: ls && cat package.json",
      "plan: 0 of 2 steps done",
      "$ npm test",
      "ok: npm test",
      "editing repo/hello.txt",
      "edited repo/hello.txt",
      "plan: 2 of 2 steps done",
      "All done: created hello.txt.",
      "plan: 2 of 2 steps done",
      "done"
    ])
  })

  it("tells how a command failed, and why a turn did", () => {
    assert.include(actions("cmd-fail"), "exit 7: ls /nonexistent; exit 7")
    assert.include(actions("quota"), "failed: Quota exceeded. Check your plan and billing details.")
    assert.include(actions("websearch"), "searching the web: codex jsonl")
  })

  it("says nothing of what it doesn't know", () => {
    assert.isUndefined(lastAction({ type: "unknown", line: "x", reason: "not_json" }))
  })

  it("is one short line that no terminal obeys", () => {
    const action = lastAction({
      type: "item.completed",
      item: { type: "agent_message", id: "", text: `\u001b[2J\u001b]0;owned\u0007a\r\nb\u202e${"c".repeat(500)}` }
    })
    assert.strictEqual(action?.length, maxActionCharacters)
    assert.match(action ?? "", /^a bc+…$/)
  })
})
