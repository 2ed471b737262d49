/** Reads a {@link Turn} from one Responses API request. Codex sends the whole conversation each time. */
import type * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Turn } from "./Turn.ts"

const Offer = Schema.Struct({
  type: Schema.String,
  name: Schema.optional(Schema.String),
  description: Schema.optional(Schema.String)
})
type Offer = typeof Offer.Type

const Tools = Schema.Array(Schema.Struct({ ...Offer.fields, tools: Schema.optional(Schema.Array(Offer)) }))

/** Lenient: of an item that is not known, only its type counts. */
const Item = Schema.Struct({
  type: Schema.String,
  role: Schema.optional(Schema.String),
  content: Schema.optional(Schema.Unknown),
  call_id: Schema.optional(Schema.String),
  output: Schema.optional(Schema.Unknown),
  tools: Schema.optional(Tools)
})
type Item = typeof Item.Type

const Body = Schema.Struct({
  model: Schema.String,
  input: Schema.Array(Item),
  tools: Schema.optional(Tools),
  prompt_cache_key: Schema.optional(Schema.String),
  text: Schema.optional(
    Schema.Struct({ format: Schema.optional(Schema.NullOr(Schema.Struct({ type: Schema.String }))) })
  )
})

/** The body of a request, as far as a script can see it. */
export type Body = typeof Body.Type

export const decodeBody: (json: string) => Either.Either<Body, ParseResult.ParseError> = Schema.decodeUnknownEither(
  Schema.parseJson(Body)
)

const decodeContent = Schema.decodeUnknownOption(
  Schema.Union(Schema.String, Schema.Array(Schema.Struct({ text: Schema.optional(Schema.String) })))
)

const texts = (content: unknown): ReadonlyArray<string> =>
  Option.match(decodeContent(content), {
    onNone: () => [],
    onSome: (parts) =>
      typeof parts === "string" ? [parts] : parts.flatMap(({ text }) => text === undefined ? [] : [text])
  })

/** How the texts begin that Codex puts before the model in the user's name. */
const contextMarks = [
  "# AGENTS.md instructions",
  "<environment_context>",
  "<user_instructions>",
  "<skill>",
  "<turn_aborted>",
  "<user_shell_command>",
  "<subagent_notification>",
  "<recommended_plugins>"
]

const isContext = (text: string): boolean => contextMarks.some((mark) => text.startsWith(mark))

const promptOf = (item: Item): string | undefined => {
  if (item.role !== "user") return undefined
  const prompt = texts(item.content).filter((text) => !isContext(text))
  return prompt.length === 0 ? undefined : prompt.join("\n")
}

/** The id of a call names the answer that made it, so that a request tells by itself how many came before. */
export const callId = (answer: number, index: number): string => `call_${answer}_${index}`

const countAnswers = (items: ReadonlyArray<Item>): number =>
  new Set(
    items.flatMap(({ call_id, type }) =>
      call_id === undefined || type.endsWith("_output") ? [] : [call_id.replace(/_\d+$/, "")]
    )
  ).size

const CommandOutput = Schema.parseJson(Schema.Struct({
  wall_time_seconds: Schema.Number,
  output: Schema.String,
  exit_code: Schema.optional(Schema.Number),
  session_id: Schema.optional(Schema.Number)
}))

const decodeCommandOutput = Schema.decodeUnknownOption(CommandOutput)

/** A command's output from within `exec`, put as a classic model is told it. */
const readable = (text: string): string =>
  Option.match(decodeCommandOutput(text), {
    onNone: () => text,
    onSome: ({ exit_code, output, session_id }) =>
      `${
        exit_code === undefined
          ? `Process running with session ID ${session_id ?? "unknown"}`
          : `Process exited with code ${exit_code}`
      }\nOutput:\n${output}`
  })

/** `exec` answers with a head about the script, then what the script gave. The head matters where it did not complete. */
const outputsOf = (item: Item): ReadonlyArray<string> => {
  if (!item.type.endsWith("_call_output")) return []
  const [head, ...rest] = texts(item.output)
  if (head === undefined) return []
  return rest.length > 0 && head.startsWith("Script completed\n") ? rest.map(readable) : [head, ...rest.map(readable)]
}

const nestedTool = /^declare const tools: \{ (\w+)\(/gm

const isExec = (tool: Offer): boolean => tool.type === "custom" && tool.name === "exec"

/** What a request says of its conversation. */
export interface Request {
  readonly turn: Omit<Turn, "attempt">
  /** The model's answers so far, those of earlier turns too. */
  readonly answers: number
  /** Tells the steps of a conversation apart. */
  readonly position: string
}

export const readRequest = (body: Body, threadId: string): Request => {
  const { input } = body
  const prompts = input.map(promptOf)
  const last = prompts.findLastIndex((prompt) => prompt !== undefined)
  const sincePrompt = input.slice(last + 1)
  const offers = [...body.tools ?? [], ...input.flatMap(({ tools }) => tools ?? [])].flatMap((offer) =>
    offer.type === "namespace" && offer.name !== undefined && offer.name !== "functions"
      ? (offer.tools ?? []).map((tool) => ({ ...tool, name: `${offer.name}.${tool.name ?? tool.type}` }))
      : offer.type === "namespace"
      ? offer.tools ?? []
      : [offer]
  )
  const exec = offers.find(isExec)
  const step = countAnswers(sincePrompt)
  return {
    answers: countAnswers(input),
    position: `${last}:${step}`,
    turn: {
      prompt: prompts[last] ?? "",
      step,
      outputs: sincePrompt.flatMap(outputsOf),
      model: body.model,
      codeMode: exec !== undefined,
      threadId,
      tools: [
        ...offers.map(({ name, type }) => name ?? type),
        ...Array.from(exec?.description?.matchAll(nestedTool) ?? [], ([, name]) => name ?? "")
      ],
      developerTexts: input.filter(({ role }) => role === "developer").flatMap(({ content }) => texts(content)),
      hasOutputSchema: body.text?.format?.type === "json_schema"
    }
  }
}
