/** A few words on what Codex does now, for a live view. */
import type { CodexEvent, Item } from "../domain/CodexEvent.ts"
import { count, oneLine } from "./plainText.ts"
import { readable, unwrapShell } from "./shellCommand.ts"

/** Characters, at most. */
export const maxActionCharacters = 80

/** undefined: nothing that would be worth a change of the view. */
export const lastAction = (event: CodexEvent): string | undefined => {
  const words = wordsOf(event)
  return words === undefined ? undefined : oneLine(words, maxActionCharacters)
}

const wordsOf = (event: CodexEvent): string | undefined => {
  switch (event.type) {
    case "thread.started":
      return "starting"
    case "turn.started":
      return "thinking"
    case "item.started":
    case "item.updated":
      return ofItem(event.item, false)
    case "item.completed":
      return ofItem(event.item, true)
    case "turn.completed":
      return "done"
    case "turn.failed":
      return `failed: ${event.error.message}`
    case "error":
      return event.message
    case "unknown":
      return undefined
  }
}

const ofItem = (item: Item, ended: boolean): string | undefined => {
  switch (item.type) {
    case "command_execution": {
      const command = readable(unwrapShell(item.command))
      if (!ended) return `$ ${command}`
      // The outcome first: a long command must not push it out of sight.
      return item.exit_code === 0 ? `ok: ${command}` : `exit ${item.exit_code ?? "?"}: ${command}`
    }
    case "file_change": {
      const [first, ...others] = item.changes.map((change) => change.path.split("/").slice(-2).join("/"))
      if (first === undefined) return undefined
      return `${ended ? "edited" : "editing"} ${first}${others.length === 0 ? "" : ` and ${others.length} more`}`
    }
    case "agent_message":
      return item.text
    case "reasoning":
      return `thinking: ${item.text.split("\n", 1)[0]?.replaceAll("**", "") ?? ""}`
    case "todo_list":
      return `plan: ${item.items.filter((todo) => todo.completed).length} of ${count(item.items.length, "step")} done`
    case "mcp_tool_call":
      return `${item.server}.${item.tool}${item.error === null ? "" : `: ${item.error.message}`}`
    case "web_search":
      return `searching the web: ${item.query}`
    case "error":
      return `warning: ${item.message}`
  }
}
