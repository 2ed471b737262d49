import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import * as Transcript from "../../src/audit/Transcript.ts"
import { parseEvent } from "../../src/codex/jsonl.ts"
import type { CodexEvent } from "../../src/domain/CodexEvent.ts"

const fold = (events: ReadonlyArray<CodexEvent>) => events.reduce(Transcript.step, Transcript.empty)

const sample = (name: string) =>
  fold(
    readFileSync(new URL(`../fixtures/codex-exec/${name}.jsonl`, import.meta.url), "utf8")
      .split("\n").filter((line) => line !== "").map(parseEvent)
  )

const command = (
  phase: "started" | "updated" | "completed",
  id: string,
  fields: { command?: string; output?: string; code?: number | null } = {}
): CodexEvent => ({
  type: `item.${phase}`,
  item: {
    type: "command_execution",
    id,
    command: fields.command ?? `/bin/bash -lc 'run ${id}'`,
    aggregated_output: fields.output ?? "",
    exit_code: phase === "completed" ? fields.code ?? (fields.code === null ? null : 0) : null,
    status: phase === "completed" ? (fields.code ?? 0) === 0 ? "completed" : "failed" : "in_progress"
  }
})
const message = (text: string): CodexEvent => ({
  type: "item.completed",
  item: { type: "agent_message", id: "m", text }
})
const edit: CodexEvent = {
  type: "item.completed",
  item: { type: "file_change", id: "f", changes: [{ path: "/a", kind: "add" }], status: "completed" }
}

describe("Transcript", () => {
  it("of a whole run: thread, commands, plan, closing words, usage, end", () => {
    const transcript = sample("success")
    assert.strictEqual(transcript.threadId, "01a20365-b8e2-71b2-98cb-b9a337568bf9")
    assert.deepStrictEqual(transcript.commands.map((c) => [c.command, c.exitCode, c.status]), [
      ["ls && cat package.json", 0, "completed"],
      ["npm test", 0, "completed"]
    ])
    assert.include(transcript.commands[1]?.output, "TEST-RAN")
    assert.strictEqual(Transcript.lastMessage(transcript), "All done: created hello.txt.")
    assert.deepStrictEqual(transcript.todos.map((todo) => todo.completed), [true, true])
    assert.deepStrictEqual(transcript.usage, {
      input_tokens: 6000,
      cached_input_tokens: 2400,
      output_tokens: 300,
      reasoning_output_tokens: 120
    })
    assert.strictEqual(transcript.edits, 1)
    assert.deepStrictEqual(transcript.final, { _tag: "TurnCompleted" })
  })

  it("a command that never ended stays without an exit code", () => {
    const transcript = sample("dfa-KILL")
    assert.deepInclude(transcript.commands[0], { exitCode: null, status: "in_progress", ended: false })
    assert.deepStrictEqual(transcript.final, { _tag: "None" })
  })

  it("a failed turn keeps its message, and the work before it", () => {
    const transcript = sample("cutmid")
    assert.deepStrictEqual(transcript.final, {
      _tag: "TurnFailed",
      message: "stream disconnected before completion: error sending request"
    })
    assert.deepStrictEqual(transcript.commands.map((c) => c.exitCode), [0])
    assert.lengthOf(transcript.warnings, 2)
  })

  it("a refused MCP call is a warning", () => {
    assert.include(sample("mcp").warnings[0], "lab.boom: MCP tool call requires approval")
  })

  it("commands side by side are told apart, in the order of their start", () => {
    const transcript = fold([
      command("started", "a"),
      command("started", "b"),
      command("updated", "a", { output: "half" }),
      command("completed", "b", { code: 3 }),
      command("completed", "a", { output: "half and half" })
    ])
    assert.deepStrictEqual(transcript.commands.map((c) => [c.id, c.exitCode, c.output]), [
      ["a", 0, "half and half"],
      ["b", 3, ""]
    ])
  })

  it("an id used again is another command", () => {
    const transcript = fold([
      command("started", "a"),
      command("completed", "a", { code: 1 }),
      command("started", "a"),
      command("completed", "a", { code: 0 })
    ])
    assert.deepStrictEqual(transcript.commands.map((c) => c.exitCode), [1, 0])
  })

  it("knows which edits came before a command", () => {
    const transcript = fold([command("completed", "a"), edit, command("started", "b"), edit, command("completed", "b")])
    assert.deepStrictEqual(transcript.commands.map((c) => c.editsBefore), [0, 1])
    assert.strictEqual(transcript.edits, 2)
  })

  it("a new turn is not over", () => {
    const transcript = fold([{ type: "turn.completed", usage: null }, { type: "turn.started" }])
    assert.deepStrictEqual(transcript.final, { _tag: "None" })
  })

  it("keeps the newest commands, and counts the others", () => {
    const first = command("started", "first")
    const many = Array.from({ length: Transcript.maxCommands + 9 }, (_, n) => command("completed", `c${n}`))
    const transcript = fold([first, ...many, command("completed", "first", { code: 7 })])
    assert.lengthOf(transcript.commands, Transcript.maxCommands)
    assert.strictEqual(transcript.commandsDropped, 10)
    assert.strictEqual(transcript.commands.at(-1)?.id, `c${Transcript.maxCommands + 8}`)
    // It ran all the while, and is joined with its end.
    assert.deepInclude(transcript.commands[0], { id: "first", exitCode: 7 })
  })

  it("keeps the end of a long output, whole lines of it", () => {
    const output = Array.from({ length: 10_000 }, (_, n) => `line number ${n}\n`).join("")
    const kept = fold([command("completed", "a", { output })]).commands[0]
    assert.isTrue(output.endsWith(kept?.output ?? "none"))
    assert.match(kept?.output ?? "", /^line number \d+\n/)
    assert.strictEqual((kept?.output.length ?? 0) + (kept?.outputDropped ?? 0), output.length)
  })

  it("keeps the newest messages", () => {
    const transcript = fold(Array.from({ length: Transcript.maxMessages + 5 }, (_, n) => message(`message ${n}`)))
    assert.lengthOf(transcript.messages, Transcript.maxMessages)
    assert.strictEqual(transcript.messages[0], "message 5")
    assert.strictEqual(Transcript.lastMessage(transcript), `message ${Transcript.maxMessages + 4}`)
    assert.strictEqual(transcript.messagesDropped, 5)
  })

  it("says where a long text was cut", () => {
    const transcript = fold([message("x".repeat(Transcript.maxMessageCharacters + 5))])
    assert.include(Transcript.lastMessage(transcript), "[… 5 more characters: in the log of events]")
  })

  it("counts what it can't read, and keeps the first of it", () => {
    const lines: ReadonlyArray<CodexEvent> = Array.from({ length: 25 }, (_, n) => ({
      type: "unknown",
      line: `line ${n}`,
      reason: n === 3 ? "too_long" : "not_known"
    }))
    const { count, lines: kept, tooLong } = fold(lines).unknown
    assert.deepStrictEqual({ count, tooLong }, { count: 25, tooLong: 1 })
    assert.deepStrictEqual(kept, lines.slice(0, 10).map((event) => event.type === "unknown" ? event.line : ""))
  })

  it("a warning that comes again is told once", () => {
    const warning: CodexEvent = { type: "error", message: "Reconnecting... 1/5" }
    assert.deepStrictEqual(fold([warning, warning]).warnings, ["Reconnecting... 1/5"])
  })

  it("stays small whatever comes", () => {
    const long = fc.constantFrom("x".repeat(300_000), "\n".repeat(50_000), "short")
    const event = fc.oneof(
      fc.tuple(fc.constantFrom("started" as const, "completed" as const), fc.string(), long, long).map(
        ([phase, id, text, output]) => command(phase, id, { command: text, output })
      ),
      long.map(message),
      long.map((text): CodexEvent => ({ type: "error", message: text })),
      long.map((line): CodexEvent => ({ type: "unknown", line: line.slice(0, 2_000), reason: "not_known" })),
      long.map((text): CodexEvent => ({
        type: "item.updated",
        item: { type: "todo_list", id: "t", items: Array.from({ length: 500 }, () => ({ text, completed: false })) }
      }))
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const transcript = fold(events)
        for (const { command, output } of transcript.commands) {
          assert.isBelow(command.length, Transcript.maxCommandCharacters + 100)
          assert.isAtMost(output.length, Transcript.maxOutputCharacters)
        }
        assert.isAtMost(transcript.messages.length, Transcript.maxMessages)
        assert.isAtMost(transcript.warnings.length, Transcript.maxWarnings)
        assert.isAtMost(transcript.todos.length, Transcript.maxTodos)
        assert.isAtMost(transcript.unknown.lines.length, Transcript.maxUnknownLines)
        for (const text of transcript.warnings) assert.isBelow(text.length, Transcript.maxWarningCharacters + 100)
        for (const { text } of transcript.todos) assert.isBelow(text.length, Transcript.maxTodoCharacters + 100)
      }),
      { numRuns: 30 }
    )
  })

  it("an earlier transcript is not changed by a later event", () => {
    const before = fold([command("started", "a")])
    const copy = structuredClone(before)
    Transcript.step(before, command("completed", "a"))
    assert.deepStrictEqual(before, copy)
  })
})
