import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { readdirSync, readFileSync } from "node:fs"
import { events, maxUnknownCharacters, parseEvent } from "../../src/codex/jsonl.ts"

const folder = new URL("../fixtures/codex-exec/", import.meta.url)
const samples = readdirSync(folder).filter((name) => name.endsWith(".jsonl"))
const read = (name: string) => readFileSync(new URL(name, folder))

const collect = (stdout: ReadonlyArray<Uint8Array>, options = {}) =>
  Stream.fromIterable(stdout).pipe(events(options), Stream.runCollect, Effect.map(Chunk.toReadonlyArray))

describe("events", () => {
  it.effect.each(samples)("every line of the recording %s is understood", (name) =>
    Effect.gen(function*() {
      const bytes = read(name)
      const lines = bytes.toString().split("\n").filter((line) => line !== "")
      const found = yield* collect([bytes])
      assert.strictEqual(found.length, lines.length)
      assert.deepStrictEqual(found.filter((event) => event.type === "unknown"), [])
    }))

  it.effect("blank lines are no events, and a line over the bound is one that says so", () =>
    Effect.gen(function*() {
      const stdout = Buffer.from(`\n  \r\n{"type":"turn.started"}\n${"x".repeat(200)}\n{"type":"turn.started"}`)
      const found = yield* collect([stdout], { maxBytes: 100 })
      assert.deepStrictEqual(found, [
        { type: "turn.started" },
        { type: "unknown", line: "x".repeat(100), reason: "too_long" },
        { type: "turn.started" }
      ])
      assert.deepStrictEqual(yield* collect([Buffer.from(" ".repeat(200))], { maxBytes: 100 }), [
        { type: "unknown", line: " ".repeat(100), reason: "too_long" }
      ])
    }))
})

describe("parseEvent", () => {
  const item = (fields: object) => JSON.stringify({ type: "item.completed", item: fields })

  it("reads a command with all that it tells", () => {
    assert.deepStrictEqual(
      parseEvent(
        item({
          id: "item_1",
          type: "command_execution",
          command: "ls",
          aggregated_output: "a\n",
          exit_code: -1,
          status: "failed"
        })
      ),
      {
        type: "item.completed",
        item: {
          id: "item_1",
          type: "command_execution",
          command: "ls",
          aggregated_output: "a\n",
          exit_code: -1,
          status: "failed"
        }
      }
    )
  })

  it("a web search has the key id twice: the last one counts", () => {
    const event = parseEvent(
      `{"type":"item.completed","item":{"id":"item_0","type":"web_search","id":"ws_1","query":"q","action":{}}}`
    )
    assert.deepStrictEqual(event, {
      type: "item.completed",
      item: { type: "web_search", id: "ws_1", query: "q" }
    })
  })

  it("usage may lack any field, or all of it", () => {
    assert.deepStrictEqual(parseEvent(`{"type":"turn.completed","usage":{"input_tokens":5}}`), {
      type: "turn.completed",
      usage: { input_tokens: 5, cached_input_tokens: 0, output_tokens: 0, reasoning_output_tokens: 0 }
    })
    assert.deepStrictEqual(parseEvent(`{"type":"turn.completed"}`), { type: "turn.completed", usage: null })
  })

  it.each<[string, string, "not_json" | "not_known"]>([
    ["no JSON", "panicked at", "not_json"],
    ["half an event", `{"type":"turn.st`, "not_json"],
    ["a newer event", `{"type":"turn.paused"}`, "not_known"],
    ["a newer item", `{"type":"item.completed","item":{"id":"i","type":"plan","text":"x"}}`, "not_known"],
    ["an item without its fields", `{"type":"item.completed","item":{"type":"command_execution"}}`, "not_known"],
    ["no object", "[1]", "not_known"],
    ["null", "null", "not_known"],
    ["what claims to be unknown", `{"type":"unknown","line":"","reason":"not_json"}`, "not_known"]
  ])("%s is kept as unknown", (_, line, reason) => {
    assert.deepStrictEqual(parseEvent(line), { type: "unknown", line, reason })
  })

  it("of a long line that is not understood, the start is kept", () => {
    const event = parseEvent("x".repeat(maxUnknownCharacters + 1))
    assert.deepStrictEqual(event, { type: "unknown", line: "x".repeat(maxUnknownCharacters), reason: "not_json" })
  })

  it("never throws", () => {
    const type = fc.constantFrom("item.started", "item.completed", "turn.completed", "error", "turn.failed", "unknown")
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.tuple(type, fc.jsonValue(), fc.jsonValue()).map(([name, a, b]) =>
            JSON.stringify({ type: name, item: a, usage: b, error: a, message: b })
          )
        ),
        (line) => {
          assert.isString(parseEvent(line).type)
        }
      )
    )
    assert.strictEqual(parseEvent("[".repeat(1_000_000)).type, "unknown")
  })
})
