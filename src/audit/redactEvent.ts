/** An event as it may leave the state folder: for the live view and for MCP progress. */
import type { CodexEvent, Item } from "../domain/CodexEvent.ts"
import { shortenedEnd, shortenedStart } from "./maskedCut.ts"

/** Masks in every text that a model, a command or a provider wrote. */
export const redactEvent = (event: CodexEvent, redact: (text: string) => string): CodexEvent => {
  switch (event.type) {
    case "item.started":
    case "item.updated":
    case "item.completed":
      return { ...event, item: redactItem(event.item, redact) }
    case "turn.failed":
      return { ...event, error: { message: startOf(event.error.message, redact) } }
    case "error":
      return { ...event, message: startOf(event.message, redact) }
    case "unknown":
      return { ...event, line: startOf(event.line, redact) }
    case "thread.started":
    case "turn.started":
    case "turn.completed":
      return event
  }
}

/** The same, but a command stays as it is: it is told by its text which call of the model's it was. */
export const redactOutputs = (event: CodexEvent, redact: (text: string) => string): CodexEvent => {
  const masked = redactEvent(event, redact)
  return "item" in event && event.item.type === "command_execution" &&
      "item" in masked && masked.item.type === "command_execution"
    ? { ...masked, item: { ...masked.item, command: event.item.command } }
    : masked
}

/** What {@link redactOutputs} leaves. */
export const redactCommand = (event: CodexEvent, redact: (text: string) => string): CodexEvent =>
  "item" in event && event.item.type === "command_execution"
    ? { ...event, item: { ...event.item, command: startOf(event.item.command, redact) } }
    : event

/** Characters of one text, and of the end of a command's output, that leave with an event: nobody shows more. */
export const maxEventText = 64_000
export const maxEventOutput = 32_000
/** Entries of one list, {@link maxEventText} characters of them together. */
const maxEventEntries = 1_000

const startOf = (text: string, redact: (text: string) => string): string =>
  shortenedStart(text, redact, maxEventText, "the whole is in the log of events")

/** As many from the start as an event has room for. */
const first = <A>(entries: ReadonlyArray<A>, lengthOf: (entry: A) => number): ReadonlyArray<A> => {
  let left = maxEventText
  return entries.slice(0, maxEventEntries).filter((entry) => (left -= lengthOf(entry)) >= 0)
}

const redactItem = (item: Item, redact: (text: string) => string): Item => {
  const start = (text: string) => startOf(text, redact)
  switch (item.type) {
    case "command_execution": {
      const { isCut, text } = shortenedEnd(item.aggregated_output, redact, maxEventOutput)
      return {
        ...item,
        command: start(item.command),
        aggregated_output: text,
        ...(isCut ? { dropped: item.aggregated_output.length - text.length } : {})
      }
    }
    case "file_change":
      return {
        ...item,
        changes: first(item.changes, ({ path }) => path.length).map(({ kind, path }) => ({ path: redact(path), kind }))
      }
    case "agent_message":
    case "reasoning":
      return { ...item, text: start(item.text) }
    case "todo_list":
      return {
        ...item,
        items: first(item.items, ({ text }) => text.length).map(({ completed, text }) => ({
          text: redact(text),
          completed
        }))
      }
    case "mcp_tool_call":
      return item.error === null ? item : { ...item, error: { message: start(item.error.message) } }
    case "web_search":
      return { ...item, query: start(item.query) }
    case "error":
      return { ...item, message: start(item.message) }
  }
}
