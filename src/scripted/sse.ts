/** Puts a reply into the server-sent events of the Responses API: of these, the ones that Codex reads. */
import type { Usage } from "../domain/Result.ts"
import { defaultUsage } from "./Reply.ts"
import type { Calls, Failed, Incomplete, Message, Tool, ToolCall } from "./Reply.ts"
import { callId } from "./request.ts"

export interface Event {
  readonly type: string
  readonly [field: string]: unknown
}

type Item = Event

/** Where a reply goes. */
export interface Context {
  /** How many answers the conversation had before this one. */
  readonly answer: number
  readonly codeMode: boolean
  readonly model: string
}

export const encode = (events: ReadonlyArray<Event>): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")

const asTool = (call: ToolCall): Pick<Tool, "name" | "input"> => {
  switch (call._tag) {
    case "Command":
      return {
        name: "exec_command",
        input: { cmd: call.cmd, ...call.workdir === undefined ? {} : { workdir: call.workdir }, ...call.options }
      }
    case "Patch":
      return { name: "apply_patch", input: call.text }
    case "Tool":
      return call
  }
}

const splitName = (name: string): { readonly name: string; readonly namespace?: string } => {
  const dot = name.lastIndexOf(".")
  return dot < 0 ? { name } : { name: name.slice(dot + 1), namespace: name.slice(0, dot) }
}

const callItem = (call: ToolCall, id: string): Item => {
  const { input, name } = asTool(call)
  return typeof input === "string"
    ? { type: "custom_tool_call", id: `ctc_${id}`, call_id: id, ...splitName(name), input }
    : { type: "function_call", id: `fc_${id}`, call_id: id, ...splitName(name), arguments: JSON.stringify(input) }
}

/** The JavaScript of one `exec`: a text for each call, also for one that throws. */
export const execScript = (calls: ReadonlyArray<ToolCall>, parallel: boolean): string => {
  const attempts = calls.map((call) => {
    const { input, name } = asTool(call)
    const nested = name.replaceAll(".", "__")
    const callee = /^\w+$/.test(nested) ? `tools.${nested}` : `tools[${JSON.stringify(nested)}]`
    return `attempt(() => ${callee}(${JSON.stringify(input)}))`
  })
  return [
    "const attempt = async (call) => { try { return await call() } catch (error) { return String(error) } }",
    ...parallel
      ? [`for (const output of await Promise.all([\n${attempts.join(",\n")}\n])) text(output)`]
      : attempts.map((attempt) => `text(await ${attempt})`)
  ].join("\n")
}

const callItems = (reply: Calls, { answer, codeMode }: Context): ReadonlyArray<Item> => {
  const nested = codeMode ? reply.calls.filter((call) => call.direct !== true) : []
  const direct = codeMode ? reply.calls.filter((call) => call.direct === true) : reply.calls
  const exec: ReadonlyArray<Tool> = nested.length === 0
    ? []
    : [{ _tag: "Tool", name: "exec", input: execScript(nested, reply.parallel ?? false) }]
  return [...exec, ...direct].map((call, index) => callItem(call, callId(answer, index)))
}

const textItem = (text: string, { answer }: Context): Item => ({
  type: "message",
  id: `msg_${answer}`,
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }]
})

const items = (reply: Message | Calls, context: Context): ReadonlyArray<Item> =>
  reply._tag === "Message"
    ? [textItem(reply.text, context)]
    : [
      ...reply.reasoning === undefined ? [] : [{
        type: "reasoning",
        id: `rs_${context.answer}`,
        summary: [{ type: "summary_text", text: reply.reasoning }]
      }],
      ...reply.text === undefined ? [] : [textItem(reply.text, context)],
      ...callItems(reply, context)
    ]

const itemEvents = (items: ReadonlyArray<Item>): ReadonlyArray<Event> =>
  items.flatMap((item, output_index) => [
    { type: "response.output_item.added", output_index, item },
    { type: "response.output_item.done", output_index, item }
  ])

const response = (context: Context, status: string, rest: Readonly<Record<string, unknown>> = {}) => ({
  id: `resp_${context.answer}`,
  object: "response",
  model: context.model,
  status,
  ...rest
})

const wireUsage = (usage: Usage) => ({
  input_tokens: usage.input_tokens,
  input_tokens_details: { cached_tokens: usage.cached_input_tokens },
  output_tokens: usage.output_tokens,
  output_tokens_details: { reasoning_tokens: usage.reasoning_output_tokens },
  total_tokens: usage.input_tokens + usage.output_tokens
})

export const created = (context: Context): Event => ({
  type: "response.created",
  response: response(context, "in_progress")
})

/** All of a reply but its last event: what a cut connection lets through. */
export const begun = (reply: Message | Calls, context: Context): ReadonlyArray<Event> => [
  created(context),
  ...itemEvents(items(reply, context))
]

/** The whole stream of a reply. */
export const render = (reply: Message | Calls | Failed | Incomplete, context: Context): ReadonlyArray<Event> => {
  switch (reply._tag) {
    case "Message":
    case "Calls":
      return [...begun(reply, context), {
        type: "response.completed",
        response: response(context, "completed", { usage: wireUsage(reply.usage ?? defaultUsage) })
      }]
    case "Failed":
      return [created(context), {
        type: "response.failed",
        response: response(context, "failed", { error: { code: reply.code, message: reply.message } })
      }]
    case "Incomplete":
      return [
        created(context),
        ...reply.text === undefined ? [] : itemEvents([textItem(reply.text, context)]),
        {
          type: "response.incomplete",
          response: response(context, "incomplete", { incomplete_details: { reason: reply.reason } })
        }
      ]
  }
}
