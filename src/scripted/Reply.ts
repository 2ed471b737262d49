/**
 * What a scripted model answers to one request: in the script's own words, not the wire's. How each looks on the wire
 * is in `sse.ts`.
 */
import type { Usage } from "../domain/Result.ts"

/** A shell command, run by Codex's `exec_command`. */
export interface Command {
  readonly _tag: "Command"
  readonly cmd: string
  /** Codex's own working folder where absent. */
  readonly workdir?: string
  /** Further arguments as Codex names them: `login`, `tty`, `yield_time_ms`, `sandbox_permissions`. */
  readonly options?: Readonly<Record<string, unknown>>
  /** See {@link Tool.direct}. */
  readonly direct?: boolean
}

/** An edit, made by Codex's `apply_patch`. */
export interface Patch {
  readonly _tag: "Patch"
  /** From `*** Begin Patch` to `*** End Patch`. */
  readonly text: string
  /** See {@link Tool.direct}. */
  readonly direct?: boolean
}

/** Any other tool. */
export interface Tool {
  readonly _tag: "Tool"
  /** As in {@link Turn.tools}: `view_image`, `clock.sleep`. */
  readonly name: string
  /** A string where the tool takes free-form text. */
  readonly input: string | Readonly<Record<string, unknown>>
  /** In Code Mode: ask Codex for the tool itself, rather than call it from within `exec`. */
  readonly direct?: boolean
}

/** Something that Codex is asked to do. */
export type ToolCall = Command | Patch | Tool

/** How long an answer takes. */
export interface Timed {
  /** How long the model thinks before it answers. */
  readonly delayMs?: number
}

/** What an answer costs. */
export interface Spent {
  /** Tokens of this one answer; {@link defaultUsage} where absent. */
  readonly usage?: Usage
}

/** The closing words: Codex ends its turn. */
export interface Message extends Timed, Spent {
  readonly _tag: "Message"
  readonly text: string
}

/** Tool calls: Codex makes them and asks again, with their outputs. */
export interface Calls extends Timed, Spent {
  readonly _tag: "Calls"
  readonly calls: ReadonlyArray<ToolCall>
  /** A summary of what the model thought. */
  readonly reasoning?: string
  /** What the model says before the calls. */
  readonly text?: string
  /**
   * Code Mode: all at once, where they would go one after the other. A classic model has no say: Codex itself starts
   * the commands of one answer at once.
   */
  readonly parallel?: boolean
}

/** An HTTP error in place of an answer. */
export interface HttpError extends Timed {
  readonly _tag: "HttpError"
  readonly status: number
  readonly code?: string
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
  /** Further fields of the error: `resets_at`. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** A stream that ends in `response.failed`. */
export interface Failed extends Timed {
  readonly _tag: "Failed"
  readonly code: string
  readonly message: string
}

/** A stream that ends in `response.incomplete`. */
export interface Incomplete extends Timed {
  readonly _tag: "Incomplete"
  /** `max_output_tokens`, `content_filter`. */
  readonly reason: string
  readonly text?: string
}

/** A connection that breaks: before any answer, after the first event, or after all the items of `reply`. */
export interface Cut extends Timed {
  readonly _tag: "Cut"
  readonly after: "request" | "created" | "items"
  readonly reply?: Message | Calls
}

/** No answer, ever. */
export interface Hang {
  readonly _tag: "Hang"
}

/** One answer of the model's. */
export type Reply = Message | Calls | HttpError | Failed | Incomplete | Cut | Hang

/** What may be said beside what must be. */
export type Options<A, Required extends keyof A> = Omit<A, "_tag" | Required>

/** Asks for a shell command. */
export const command = (cmd: string, options: Options<Command, "cmd"> = {}): Command => ({
  _tag: "Command",
  cmd,
  ...options
})

/** Asks for an edit. */
export const patch = (text: string, options: Options<Patch, "text"> = {}): Patch => ({
  _tag: "Patch",
  text,
  ...options
})

/** Asks for any other tool. */
export const tool = (name: string, input: Tool["input"], options: Options<Tool, "name" | "input"> = {}): Tool => ({
  _tag: "Tool",
  name,
  input,
  ...options
})

/** The closing words. */
export const message = (text: string, options: Options<Message, "text"> = {}): Message => ({
  _tag: "Message",
  text,
  ...options
})

/** Asks for tools, all in one answer. */
export const calls = (calls: ReadonlyArray<ToolCall>, options: Options<Calls, "calls"> = {}): Calls => ({
  _tag: "Calls",
  calls,
  ...options
})

/** An HTTP error in place of an answer. */
export const httpError = (
  status: number,
  message: string,
  options: Options<HttpError, "status" | "message"> = {}
): HttpError => ({ _tag: "HttpError", status, message, ...options })

/** A stream that ends in `response.failed`. */
export const failed = (code: string, message: string, options: Timed = {}): Failed => ({
  _tag: "Failed",
  code,
  message,
  ...options
})

/** A stream that ends in `response.incomplete`. */
export const incomplete = (reason: string, options: Options<Incomplete, "reason"> = {}): Incomplete => ({
  _tag: "Incomplete",
  reason,
  ...options
})

/** A connection that breaks. */
export const cut = (after: Cut["after"], options: Options<Cut, "after"> = {}): Cut => ({
  _tag: "Cut",
  after,
  ...options
})

/** No answer, ever. */
export const hang: Hang = { _tag: "Hang" }

/** What an answer costs unless its script says otherwise. */
export const defaultUsage: Usage = {
  input_tokens: 1000,
  cached_input_tokens: 400,
  output_tokens: 50,
  reasoning_output_tokens: 20
}
