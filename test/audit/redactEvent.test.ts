import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { redactEvent } from "../../src/audit/redactEvent.ts"
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
})
