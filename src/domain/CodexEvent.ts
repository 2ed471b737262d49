/**
 * The events of `codex exec --json`, read leniently: what is not known becomes
 * {@link Unknown} and is kept, so that a newer Codex never fails a run.
 */
import * as Schema from "effect/Schema"

const optionalString = Schema.optionalWith(Schema.String, { default: () => "" })

/** A shell command. */
export const CommandExecution = Schema.Struct({
  type: Schema.Literal("command_execution"),
  id: optionalString,
  command: Schema.String,
  aggregated_output: optionalString,
  /** Ours, not Codex's: characters of output before that, where it was cut. */
  dropped: Schema.optional(Schema.Number),
  /** null while it runs; -1 where it could not start. */
  exit_code: Schema.optionalWith(Schema.NullOr(Schema.Number), { default: () => null }),
  status: optionalString
})
export type CommandExecution = typeof CommandExecution.Type

/** An edit. */
export const FileChange = Schema.Struct({
  type: Schema.Literal("file_change"),
  id: optionalString,
  /** Codex names a moved file by its old path only: what changed is read from git, never from here. */
  changes: Schema.Array(Schema.Struct({ path: Schema.String, kind: Schema.String })),
  status: optionalString
})

/** What the model says. */
export const AgentMessage = Schema.Struct({
  type: Schema.Literal("agent_message"),
  id: optionalString,
  text: Schema.String
})

/** What the model thinks, in short. */
export const Reasoning = Schema.Struct({ type: Schema.Literal("reasoning"), id: optionalString, text: Schema.String })

/** The model's plan. */
export const TodoList = Schema.Struct({
  type: Schema.Literal("todo_list"),
  id: optionalString,
  items: Schema.Array(Schema.Struct({ text: Schema.String, completed: Schema.Boolean }))
})

/** A call of an MCP tool. */
export const McpToolCall = Schema.Struct({
  type: Schema.Literal("mcp_tool_call"),
  id: optionalString,
  server: Schema.String,
  tool: Schema.String,
  status: optionalString,
  error: Schema.optionalWith(Schema.NullOr(Schema.Struct({ message: Schema.String })), { default: () => null })
})

/** A search on the web. */
export const WebSearch = Schema.Struct({
  type: Schema.Literal("web_search"),
  id: optionalString,
  query: optionalString
})

/** A warning: Codex goes on. */
export const ErrorItem = Schema.Struct({ type: Schema.Literal("error"), id: optionalString, message: Schema.String })

// Types are written where they hold others by name: the compiler would write them out, each time anew.

/** What a turn is made of. */
export const Item: Schema.Union<[
  typeof CommandExecution,
  typeof FileChange,
  typeof AgentMessage,
  typeof Reasoning,
  typeof TodoList,
  typeof McpToolCall,
  typeof WebSearch,
  typeof ErrorItem
]> = Schema.Union(
  CommandExecution,
  FileChange,
  AgentMessage,
  Reasoning,
  TodoList,
  McpToolCall,
  WebSearch,
  ErrorItem
)
export type Item = typeof Item.Type

/** The first event. */
export const ThreadStarted = Schema.Struct({ type: Schema.Literal("thread.started"), thread_id: Schema.String })
/** The prompt is sent. */
export const TurnStarted = Schema.Struct({ type: Schema.Literal("turn.started") })
/** Something about an item. */
export type ItemEvent<Type extends string> = Schema.Struct<{ type: Schema.Literal<[Type]>; item: typeof Item }>

const itemEvent = <Type extends string>(type: Type): ItemEvent<Type> =>
  Schema.Struct({ type: Schema.Literal(type), item: Item })

/** An item began. */
export const ItemStarted: ItemEvent<"item.started"> = itemEvent("item.started")
/** An item has changed. */
export const ItemUpdated: ItemEvent<"item.updated"> = itemEvent("item.updated")
/** An item is whole. */
export const ItemCompleted: ItemEvent<"item.completed"> = itemEvent("item.completed")

const tokens = Schema.optionalWith(Schema.Number, { default: () => 0 })

/** The turn is over. */
export const TurnCompleted = Schema.Struct({
  type: Schema.Literal("turn.completed"),
  usage: Schema.optionalWith(
    Schema.NullOr(
      Schema.Struct({
        input_tokens: tokens,
        cached_input_tokens: tokens,
        output_tokens: tokens,
        reasoning_output_tokens: tokens
      })
    ),
    { default: () => null }
  )
})

/** Final. */
export const TurnFailed = Schema.Struct({
  type: Schema.Literal("turn.failed"),
  error: Schema.Struct({ message: Schema.String })
})

/** Not final: Codex says so of each attempt to reconnect, too. */
export const StreamError = Schema.Struct({ type: Schema.Literal("error"), message: Schema.String })

/** What no schema above knows: a newer event, or a line that is no JSON. */
export const Unknown = Schema.Struct({
  type: Schema.Literal("unknown"),
  /** The line, cut at the cap on one line. */
  line: Schema.String,
  reason: Schema.Literal("not_json", "not_known", "too_long")
})
export type Unknown = typeof Unknown.Type

/** One line of `codex exec --json`; what is not known is an event, too. */
export const CodexEvent: Schema.Union<[
  typeof ThreadStarted,
  typeof TurnStarted,
  typeof ItemStarted,
  typeof ItemUpdated,
  typeof ItemCompleted,
  typeof TurnCompleted,
  typeof TurnFailed,
  typeof StreamError,
  typeof Unknown
]> = Schema.Union(
  ThreadStarted,
  TurnStarted,
  ItemStarted,
  ItemUpdated,
  ItemCompleted,
  TurnCompleted,
  TurnFailed,
  StreamError,
  Unknown
)
export type CodexEvent = typeof CodexEvent.Type
