import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { maxEventOutput, maxEventText, redactEvent } from "../../src/audit/redactEvent.ts"
import { makeRedactor } from "../../src/audit/redaction.ts"
import { parseEvent } from "../../src/codex/jsonl.ts"

const folder = new URL("../fixtures/codex-exec/", import.meta.url)
const lines = readdirSync(folder).filter((name) => name.endsWith(".jsonl")).flatMap((name) =>
  readFileSync(new URL(name, folder), "utf8").split("\n").filter((line) => line !== "")
)

/** All texts in an event that are not Codex's own words for kinds, states and ids. */
const textsOf = (value: unknown, key = ""): ReadonlyArray<string> => {
  if (typeof value === "string") {
    return /^(?:type|status|id|thread_id|kind|server|tool|reason)$/.test(key)
      ? []
      : [value]
  }
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => textsOf(field, Array.isArray(value) ? key : name))
}

describe("redactEvent", () => {
  it("reaches every text of every event that was recorded", () => {
    assert.isAbove(lines.length, 100)
    for (const line of [...lines, "no event at all"]) {
      const event = parseEvent(line)
      const texts = textsOf(redactEvent(event, () => "masked"))
      assert.deepStrictEqual(texts, textsOf(event).map(() => "masked"), line)
    }
  })

  it("changes nothing else", () => {
    for (const line of lines) assert.deepStrictEqual(redactEvent(parseEvent(line), (text) => text), parseEvent(line))
  })

  const pem = [
    "-----BEGIN PRIVATE KEY-----",
    ...Array.from({ length: 400 }, (_, n) => `${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(2)}${n}`),
    "-----END PRIVATE KEY-----"
  ].join("\n")
  const redactor = makeRedactor([])

  const output = (text: string) => {
    const event = redactEvent(
      {
        type: "item.completed",
        item: {
          type: "command_execution",
          id: "i",
          command: "npm test",
          aggregated_output: text,
          exit_code: 0,
          status: "completed"
        }
      },
      redactor.text
    )
    if (!("item" in event) || event.item.type !== "command_execution") throw new Error("another event")
    return event.item
  }

  const message = (text: string): string => {
    const event = redactEvent({ type: "item.completed", item: { type: "agent_message", id: "i", text } }, redactor.text)
    if (!("item" in event) || event.item.type !== "agent_message") throw new Error("another event")
    return event.item.text
  }

  it("goes through no more of a text than can be shown, and says how much was left out", () => {
    let seen = 0
    const line = "a line of sixteen\n"
    const item = {
      type: "command_execution",
      id: "i",
      command: "npm test",
      aggregated_output: line.repeat(1_000_000),
      exit_code: 0,
      status: "completed"
    } as const
    const event = redactEvent({ type: "item.completed", item }, (text) => {
      seen += text.length
      return text
    })
    if (!("item" in event) || event.item.type !== "command_execution") throw new Error("another event")
    assert.isBelow(seen, 100_000)
    assert.strictEqual(event.item.aggregated_output.length, maxEventOutput)
    assert.isTrue(event.item.aggregated_output.endsWith(line))
    assert.strictEqual(event.item.dropped, item.aggregated_output.length - maxEventOutput)
    const long = message("word ".repeat(1_000_000))
    assert.isTrue(long.startsWith("word word"))
    assert.isTrue(long.endsWith("the whole is in the log of events]"))
    assert.isBelow(long.length, maxEventText + 100)
  })

  it("a text within the bounds stays whole", () => {
    const text = "x ".repeat(maxEventOutput / 2)
    assert.strictEqual(output(text).aggregated_output, text)
    assert.isUndefined(output(text).dropped)
  })

  it("no secret is cut in two where the text is: not before what is kept, not after it", () => {
    const filler = (length: number) => "plain text\n".repeat(Math.ceil(length / 11)).slice(0, length)
    const body = /MIIEvQ/
    for (let shift = 0; shift < 30_000; shift += 3_700) {
      // The key ends somewhere about the place where the output is cut, and the message.
      assert.notMatch(output(`${filler(200_000)}${pem}${filler(maxEventOutput + shift)}`).aggregated_output, body)
      assert.notMatch(message(`${filler(maxEventText + 33_000 - shift)}${pem}${filler(200_000)}`), body)
    }
    assert.match(output(`${filler(200_000)}MIIEvQ${filler(1_000)}`).aggregated_output, body)
  })
})
