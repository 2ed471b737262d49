/** What Codex did, as lines for somebody who reads along. */
import type { CodexEvent, Item } from "../domain/CodexEvent.ts"
import { clipEnd, count, oneLine, plainText } from "./plainText.ts"
import { readable, unwrapShell } from "./shellCommand.ts"

export interface LogLine {
  /** How it is meant: what was done, what came of it, what is said, and what is only there to be seen. */
  readonly tone: "action" | "good" | "bad" | "said" | "aside"
  readonly text: string
}

/** Of a command's output, the end. */
const maxOutputLines = 20
const maxOutputCharacters = 4_000
const maxTextCharacters = 16_000
const maxLineCharacters = 1_000

/** The lines of one event, which is masked; none where it tells nothing. */
export const logLines = (event: CodexEvent): ReadonlyArray<LogLine> => {
  switch (event.type) {
    case "thread.started":
      return [line("aside", `thread ${event.thread_id}`)]
    case "turn.started":
      return []
    case "item.started":
      return ofItem(event.item, "started")
    case "item.updated":
      return ofItem(event.item, "updated")
    case "item.completed":
      return ofItem(event.item, "completed")
    case "turn.completed": {
      const { usage } = event
      return [line(
        "good",
        usage === null
          ? "the turn is over"
          : `the turn is over: ${usage.input_tokens} tokens in (${usage.cached_input_tokens} cached), ${usage.output_tokens} out`
      )]
    }
    case "turn.failed":
      return texts("bad", `the turn failed: ${event.error.message}`)
    case "error":
      return texts("bad", event.message)
    case "unknown":
      return event.reason === "not_known" ? [] : [line("aside", event.line)]
  }
}

const ofItem = (item: Item, stage: "started" | "updated" | "completed"): ReadonlyArray<LogLine> => {
  if (item.type === "command_execution") {
    const command = readable(unwrapShell(item.command))
    if (stage === "started") return [line("action", `$ ${command}`)]
    if (stage === "updated") return []
    const tone = item.exit_code === 0 ? "good" : "bad"
    return [line(tone, `exit ${item.exit_code ?? "?"}: ${command}`), ...outputOf(item.aggregated_output)]
  }
  if (item.type === "todo_list") {
    if (stage === "started" || item.items.length === 0) return []
    return item.items.map(({ completed, text }) => line("aside", `[${completed ? "x" : " "}] ${text}`))
  }
  if (stage !== "completed") return []
  switch (item.type) {
    case "file_change":
      return item.changes.map(({ kind, path }) =>
        line(
          item.status === "failed" ? "bad" : "action",
          `${item.status === "failed" ? "not done: " : ""}${kind} ${path}`
        )
      )
    case "agent_message":
      return texts("said", item.text)
    case "reasoning":
      return texts("aside", item.text)
    case "mcp_tool_call":
      return [
        line(
          item.error === null ? "action" : "bad",
          `${item.server}.${item.tool}${item.error === null ? "" : `: ${item.error.message}`}`
        )
      ]
    case "web_search":
      return [line("action", `searching the web: ${item.query}`)]
    case "error":
      return texts("bad", item.message)
  }
}

const line = (tone: LogLine["tone"], text: string): LogLine => ({ tone, text: oneLine(text, maxLineCharacters) })

const cutLine = (text: string): string =>
  text.length <= maxLineCharacters ? text : `${text.slice(0, maxLineCharacters - 1)}…`

const texts = (tone: LogLine["tone"], text: string): ReadonlyArray<LogLine> =>
  clipEnd(plainText(text).trim(), maxTextCharacters, "--raw has the whole").split("\n")
    .map((one) => ({ tone, text: cutLine(one) }))

const outputOf = (output: string): ReadonlyArray<LogLine> => {
  const before = Math.max(0, output.length - 4 * maxOutputCharacters)
  const all = plainText(output.slice(before)).trimEnd()
  if (all === "") return []
  const tail = all.slice(-maxOutputCharacters).split("\n").slice(-maxOutputLines).join("\n")
  const left = before + all.length - tail.length
  return [
    ...(left === 0 ? [] : [`[… ${count(left, "character")} before this: --raw has the whole]`]),
    ...tail.split("\n").map(cutLine)
  ].map((text) => ({ tone: "aside", text: `  | ${text}` }))
}
