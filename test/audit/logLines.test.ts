import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { logLines } from "../../src/audit/logLines.ts"
import { parseEvent } from "../../src/codex/jsonl.ts"
import type { Item } from "../../src/domain/CodexEvent.ts"

const linesOf = (item: Item, type: "item.started" | "item.updated" | "item.completed" = "item.completed") =>
  logLines({ type, item }).map(({ text, tone }) => `${tone}: ${text}`)

const command = { type: "command_execution", id: "1", command: "/bin/bash -lc 'npm test'", status: "" } as const

describe("the lines of an event", () => {
  it("a command when it starts, and its end with the end of its output", () => {
    assert.deepStrictEqual(linesOf({ ...command, aggregated_output: "", exit_code: null }, "item.started"), [
      "action: $ npm test"
    ])
    assert.deepStrictEqual(linesOf({ ...command, aggregated_output: "one\ntwo\n", exit_code: 0 }), [
      "good: exit 0: npm test",
      "aside:   | one",
      "aside:   | two"
    ])
    const long = Array.from({ length: 100 }, (_, at) => `line ${at}`).join("\n")
    const lines = linesOf({ ...command, aggregated_output: long, exit_code: 7 })
    assert.strictEqual(lines[0], "bad: exit 7: npm test")
    assert.match(lines[1] ?? "", /^aside:   \| \[… \d+ characters before this: --raw has the whole\]$/)
    assert.strictEqual(lines.length, 22)
    assert.strictEqual(lines.at(-1), "aside:   | line 99")
  })

  it("edits, words, plans and complaints", () => {
    const changes = [{ path: "/w/a.txt", kind: "add" }, { path: "/w/b", kind: "delete" }]
    assert.deepStrictEqual(linesOf({ type: "file_change", id: "", changes, status: "completed" }), [
      "action: add /w/a.txt",
      "action: delete /w/b"
    ])
    assert.deepStrictEqual(linesOf({ type: "file_change", id: "", changes: changes.slice(1), status: "failed" }), [
      "bad: not done: delete /w/b"
    ])
    assert.deepStrictEqual(linesOf({ type: "agent_message", id: "", text: "Two\n\nlines.\n" }), [
      "said: Two",
      "said: ",
      "said: lines."
    ])
    assert.deepStrictEqual(
      linesOf(
        { type: "todo_list", id: "", items: [{ text: "a", completed: true }, { text: "b", completed: false }] },
        "item.updated"
      ),
      ["aside: [x] a", "aside: [ ] b"]
    )
    assert.deepStrictEqual(linesOf({ type: "error", id: "", message: "low on credit" }), ["bad: low on credit"])
    assert.deepStrictEqual(logLines({ type: "turn.failed", error: { message: "no" } }), [{
      tone: "bad",
      text: "the turn failed: no"
    }])
  })

  it("nothing that a terminal would obey", () => {
    const hostile = "\u001b]0;title\u0007\u001b[2J\rover\u202e"
    for (
      const text of [
        ...linesOf({ ...command, command: hostile, aggregated_output: hostile, exit_code: 1 }),
        ...linesOf({ type: "agent_message", id: "", text: hostile }),
        ...linesOf({ type: "web_search", id: "", query: hostile }),
        ...linesOf({
          type: "mcp_tool_call",
          id: "",
          server: hostile,
          tool: hostile,
          status: "",
          error: { message: hostile }
        })
      ]
    ) assert.notMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })

  it("of what Codex really said", () => {
    const events = readFileSync(new URL("../fixtures/codex-exec/cmd-fail.jsonl", import.meta.url), "utf8").trim().split(
      "\n"
    )
    assert.deepStrictEqual(events.flatMap((line) => logLines(parseEvent(line))).map(({ text }) => text).slice(1), [
      "$ ls /nonexistent; exit 7",
      "exit 7: ls /nonexistent; exit 7",
      "  | pyenv: cannot rehash: /home/user/.pyenv/shims isn't writable",
      "  | ls: cannot access '/nonexistent': No such file or directory",
      "done",
      "the turn is over: 3000 tokens in (1200 cached), 150 out"
    ])
  })
})
