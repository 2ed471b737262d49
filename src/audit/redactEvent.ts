/** An event as it may leave the state folder: for the live view and for MCP progress. */
import type { CodexEvent, Item } from "../domain/CodexEvent.ts"

/** Masks in every text that a model, a command or a provider wrote. */
export const redactEvent = (event: CodexEvent, redact: (text: string) => string): CodexEvent => {
  switch (event.type) {
    case "item.started":
    case "item.updated":
    case "item.completed":
      return { ...event, item: redactItem(event.item, redact) }
    case "turn.failed":
      return { ...event, error: { message: redact(event.error.message) } }
    case "error":
      return { ...event, message: redact(event.message) }
    case "unknown":
      return { ...event, line: redact(event.line) }
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

/** What {@link redactOutputs} leaves: an output may be long, and is gone through once. */
export const redactCommand = (event: CodexEvent, redact: (text: string) => string): CodexEvent =>
  "item" in event && event.item.type === "command_execution"
    ? { ...event, item: { ...event.item, command: redact(event.item.command) } }
    : event

const redactItem = (item: Item, redact: (text: string) => string): Item => {
  switch (item.type) {
    case "command_execution":
      return { ...item, command: redact(item.command), aggregated_output: redact(item.aggregated_output) }
    case "file_change":
      return { ...item, changes: item.changes.map(({ kind, path }) => ({ path: redact(path), kind })) }
    case "agent_message":
    case "reasoning":
      return { ...item, text: redact(item.text) }
    case "todo_list":
      return { ...item, items: item.items.map(({ completed, text }) => ({ text: redact(text), completed })) }
    case "mcp_tool_call":
      return item.error === null ? item : { ...item, error: { message: redact(item.error.message) } }
    case "web_search":
      return { ...item, query: redact(item.query) }
    case "error":
      return { ...item, message: redact(item.message) }
  }
}
