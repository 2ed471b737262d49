import { assert, describe, it } from "@effect/vitest"
import type { GateEntry } from "../../src/gate/gateLog.ts"
import { timelineOf } from "../../src/run/story.ts"
import type { JournalEntry } from "../../src/store/journal.ts"

const at = (second: number) => `2026-11-22T10:00:${String(second).padStart(2, "0")}.000Z`

const call = (second: number, what: string, more: Partial<GateEntry> = {}): GateEntry => ({
  at: at(second),
  id: String(second),
  tool: "Bash",
  what,
  cwd: "",
  allow: true,
  ...more
})

const journal: ReadonlyArray<JournalEntry> = [
  { _tag: "TaskStageEntered", at: at(1), task_id: "t", stage: "worktree" },
  { _tag: "TaskStageEntered", at: at(2), task_id: "t", stage: "codex" },
  { _tag: "TaskNote", at: at(9), task_id: "t", message: "SECRET note" },
  { _tag: "TaskStageEntered", at: at(20), task_id: "t", stage: "capture" },
  { _tag: "TaskFinished", at: at(21), task_id: "t", status: "failed", error: { kind: "policy", message: "SECRET" } }
]

const redact = (text: string) => text.replaceAll("SECRET", "***")

const lines = (...args: Parameters<typeof timelineOf>) =>
  timelineOf(...args).map(({ at: time, exit_code, kind, reason, text }) =>
    [time?.slice(17, 19) ?? "--", kind, text, exit_code ?? "", reason ?? ""].join(" ").trimEnd()
  )

describe("a task's timeline", () => {
  it("is the journal and the gate's log in the order of their times, each command with its exit code", () => {
    const gate = [
      call(3, "npm test"),
      call(4, "cat SECRET"),
      call(5, "rm -rf /", { allow: false, reason: "not allowed: SECRET" }),
      call(6, "*** Begin Patch\n*** Add File: a.txt\n+x\n*** Update File: b c.txt\n*** End Patch", {
        tool: "apply_patch",
        edit: true
      }),
      call(10, "npm test")
    ]
    const commands = [
      { cmd: "npm test", exit_code: 1 },
      { cmd: "cat ***", exit_code: null },
      { cmd: "npm test", exit_code: 0 }
    ]
    assert.deepStrictEqual(lines(journal, gate, commands, redact), [
      "01 stage a worktree is made",
      "02 stage Codex is at work",
      "03 command npm test 1",
      "04 command cat ***",
      "05 denied rm -rf /  not allowed: ***",
      "06 edit add a.txt, update b c.txt",
      "09 note *** note",
      "10 command npm test 0",
      "20 stage the changes are captured",
      "21 end failed  ***"
    ])
  })

  it("has what nobody noted the time of where Codex's work ends", () => {
    const unanswered = { ...call(0, ""), at: "", allow: false, reason: "The policy gate gave no answer." }
    assert.deepStrictEqual(lines(journal, [unanswered], [{ cmd: "ls", exit_code: 0 }], redact).slice(2, 5), [
      "09 note *** note",
      "-- denied   The policy gate gave no answer.",
      "-- command ls 0"
    ])
    assert.deepStrictEqual(lines([], [], [{ cmd: "ls", exit_code: 0 }], redact), ["-- command ls 0"])
  })
})
