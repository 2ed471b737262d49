/**
 * What one Codex run did, folded from its events: a value that stays small
 * however much Codex prints. What is left out is counted.
 */
import type { CodexEvent, Item } from "../domain/CodexEvent.ts"
import type { Usage } from "../domain/Result.ts"
import * as BoundedTail from "../process/boundedTail.ts"
import { clipEnd } from "./plainText.ts"
import { unwrapShell } from "./shellCommand.ts"

/** Commands kept: the newest. */
export const maxCommands = 500
/** Characters of one command's text. */
export const maxCommandCharacters = 8_000
/** Characters kept of the end of one command's output. */
export const maxOutputCharacters = 4_000
/** Messages of the agent kept: the newest. */
export const maxMessages = 20
/** Characters of one message. An answer that follows a schema comes as one. */
export const maxMessageCharacters = 256_000
/** Warnings kept: the oldest, each once. */
export const maxWarnings = 50
export const maxWarningCharacters = 2_000
export const maxTodos = 100
export const maxTodoCharacters = 500
/** Lines kept of those that were not understood: the oldest. */
export const maxUnknownLines = 10

export interface Command {
  /** Codex's id of the item. */
  readonly id: string
  /** Without the shell that Codex wraps it in. */
  readonly command: string
  /** null: still running when last heard of, or ended without a code. -1: it could not start. */
  readonly exitCode: number | null
  /** Codex's word for it: `in_progress`, `completed`, `failed`. */
  readonly status: string
  /** Codex has said that it ended. */
  readonly ended: boolean
  /** The end of its output, from the start of a line on where it was cut. */
  readonly output: string
  /** Characters of output before that. */
  readonly outputDropped: number
  /** How many of Codex's own edits came before it. */
  readonly editsBefore: number
}

export interface Todo {
  readonly text: string
  readonly completed: boolean
}

export type Final =
  | { readonly _tag: "TurnCompleted" }
  | { readonly _tag: "TurnFailed"; readonly message: string }
  /** No end of the turn so far. */
  | { readonly _tag: "None" }

export interface Transcript {
  readonly threadId: string | null
  /** In the order of their start. */
  readonly commands: ReadonlyArray<Command>
  readonly commandsDropped: number
  /** Edits that Codex made with its own tool, and says were done. */
  readonly edits: number
  readonly messages: ReadonlyArray<string>
  readonly messagesDropped: number
  /** Codex's plan as it last was. */
  readonly todos: ReadonlyArray<Todo>
  /** null before the end of a turn, and where Codex doesn't say. */
  readonly usage: Usage | null
  /** What Codex complained about and went on, attempts to reconnect too. */
  readonly warnings: ReadonlyArray<string>
  readonly warningsDropped: number
  /** Lines that were no event known here: how many, and the first of them. */
  readonly unknown: { readonly count: number; readonly tooLong: number; readonly lines: ReadonlyArray<string> }
  readonly final: Final
}

export const empty: Transcript = {
  threadId: null,
  commands: [],
  commandsDropped: 0,
  edits: 0,
  messages: [],
  messagesDropped: 0,
  todos: [],
  usage: null,
  warnings: [],
  warningsDropped: 0,
  unknown: { count: 0, tooLong: 0, lines: [] },
  final: { _tag: "None" }
}

/** Codex's last message, undefined where it said nothing. */
export const lastMessage = (transcript: Transcript): string | undefined => transcript.messages.at(-1)

/** The transcript after one more event. */
export const step = (transcript: Transcript, event: CodexEvent): Transcript => {
  switch (event.type) {
    case "thread.started":
      return { ...transcript, threadId: event.thread_id }
    case "turn.started":
      return { ...transcript, final: { _tag: "None" } }
    case "item.started":
    case "item.updated":
      return stepItem(transcript, event.item, false)
    case "item.completed":
      return stepItem(transcript, event.item, true)
    case "turn.completed":
      return { ...transcript, usage: event.usage ?? transcript.usage, final: { _tag: "TurnCompleted" } }
    case "turn.failed":
      return {
        ...transcript,
        final: { _tag: "TurnFailed", message: clip(event.error.message, maxWarningCharacters) }
      }
    case "error":
      return warn(transcript, event.message)
    case "unknown": {
      const { count, lines, tooLong } = transcript.unknown
      return {
        ...transcript,
        unknown: {
          count: count + 1,
          tooLong: event.reason === "too_long" ? tooLong + 1 : tooLong,
          lines: lines.length < maxUnknownLines ? [...lines, event.line] : lines
        }
      }
    }
  }
}

const stepItem = (transcript: Transcript, item: Item, ended: boolean): Transcript => {
  switch (item.type) {
    case "command_execution":
      return stepCommand(transcript, item, ended)
    case "file_change":
      return ended && item.status !== "failed" ? { ...transcript, edits: transcript.edits + 1 } : transcript
    case "agent_message":
      return ended ? say(transcript, item.text) : transcript
    case "todo_list":
      return {
        ...transcript,
        todos: item.items.slice(0, maxTodos).map(({ completed, text }) => ({
          text: clip(text, maxTodoCharacters),
          completed
        }))
      }
    case "error":
      return ended ? warn(transcript, item.message) : transcript
    case "mcp_tool_call":
      return ended && item.error !== null
        ? warn(transcript, `${item.server}.${item.tool}: ${item.error.message}`)
        : transcript
    case "reasoning":
    case "web_search":
      return transcript
  }
}

/** Items run side by side: an event belongs to the newest command of its id that has not ended. */
const stepCommand = (
  transcript: Transcript,
  item: Extract<Item, { readonly type: "command_execution" }>,
  ended: boolean
): Transcript => {
  const at = transcript.commands.findLastIndex((command) => command.id === item.id && !command.ended)
  const output = tailOfLines(item.aggregated_output)
  const command: Command = {
    id: item.id,
    command: clip(unwrapShell(item.command), maxCommandCharacters),
    exitCode: item.exit_code,
    status: item.status,
    ended,
    output,
    outputDropped: (item.dropped ?? 0) + item.aggregated_output.length - output.length,
    editsBefore: transcript.commands[at]?.editsBefore ?? transcript.edits
  }
  if (at !== -1) return { ...transcript, commands: transcript.commands.with(at, command) }
  if (transcript.commands.length < maxCommands) {
    return { ...transcript, commands: [...transcript.commands, command] }
  }
  // One that still runs would come back as a new one at its end.
  const oldest = Math.max(0, transcript.commands.findIndex((known) => known.ended))
  return {
    ...transcript,
    commands: [...transcript.commands.toSpliced(oldest, 1), command],
    commandsDropped: transcript.commandsDropped + 1
  }
}

const say = (transcript: Transcript, text: string): Transcript => ({
  ...transcript,
  messages: [...transcript.messages, clip(text, maxMessageCharacters)].slice(-maxMessages),
  messagesDropped: transcript.messagesDropped + (transcript.messages.length === maxMessages ? 1 : 0)
})

const warn = (transcript: Transcript, message: string): Transcript => {
  const warning = clip(message, maxWarningCharacters)
  if (transcript.warnings.includes(warning)) return transcript
  return transcript.warnings.length < maxWarnings
    ? { ...transcript, warnings: [...transcript.warnings, warning] }
    : { ...transcript, warningsDropped: transcript.warningsDropped + 1 }
}

const clip = (text: string, cap: number): string => clipEnd(text, cap, "in the log of events")

/** From the start of a line on, so that what is cut off is no half of a word (or of a secret). */
const tailOfLines = (text: string): string => {
  const tail = BoundedTail.lastCharacters(text, maxOutputCharacters)
  if (tail.length === text.length) return tail
  return tail.slice(tail.indexOf("\n") + 1)
}
