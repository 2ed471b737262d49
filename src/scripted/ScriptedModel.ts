/**
 * A model that follows a script: a small OpenAI Responses API on loopback, which the real Codex CLI uses as a custom
 * provider. It needs no account and reaches no network.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import * as ParseResult from "effect/ParseResult"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import { close, gone, header, host, listen, readText, send, sendError } from "./http.ts"
import * as Reply from "./Reply.ts"
import { decodeBody, readRequest } from "./request.ts"
import type { Script } from "./Script.ts"
import type { Turn } from "./Turn.ts"

/** The server could not listen on loopback. */
export class ScriptedModelFailed extends Schema.TaggedError<ScriptedModelFailed>()("ScriptedModelFailed", {
  reason: Schema.String
}) {
  override get message(): string {
    return `The scripted model could not start: ${this.reason}`
  }
}

/** A request as the model saw it, and what it answered with. */
export interface RecordedRequest {
  readonly turn: Turn
  readonly reply: Reply.Reply["_tag"]
  readonly headers: Http.IncomingHttpHeaders
  /** As it came: JSON. */
  readonly body: string
}

/** A model at work. */
export interface ScriptedModel {
  /** The base URL of the API. */
  readonly url: string
  /** `key=value` pairs for Codex's `-c`. The model's name (`-m`) is the caller's choice; no key is needed. */
  readonly codexConfig: ReadonlyArray<string>
  /** For Codex's environment: keeps a proxy out of the way that is set there. Codex would wait on it for ever. */
  readonly codexEnvironment: Readonly<Record<"NO_PROXY" | "no_proxy", string>>
  /** The requests that the script answered, in order: the last 1,000, fewer where they exceed 64 MiB together. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
}

/** How Codex is to be brought to the model. */
export interface Options {
  /** How often Codex repeats a request that failed, and again a stream that broke. Default 1. */
  readonly maxRetries?: number
}

const maxRecorded = 1000
const maxRecordedLength = 64 * 1024 * 1024
const maxThreads = 10_000

const remember =
  (request: RecordedRequest) => (all: ReadonlyArray<RecordedRequest>): ReadonlyArray<RecordedRequest> => {
    const latest = [...all.slice(1 - maxRecorded), request]
    let length = 0
    return latest.slice(latest.findLastIndex(({ body }) => (length += body.length) > maxRecordedLength) + 1)
  }

/** Counts how often in a row a thread stood at one position: what Codex sends again may have grown since. */
const makeAttempts = () => {
  const threads = new Map<string, { readonly position: string; readonly attempt: number }>()
  return (threadId: string, position: string): number => {
    const last = threads.get(threadId)
    const attempt = last?.position === position ? last.attempt + 1 : 0
    threads.delete(threadId)
    threads.set(threadId, { position, attempt })
    const [oldest] = threads.keys()
    if (threads.size > maxThreads && oldest !== undefined) threads.delete(oldest)
    return attempt
  }
}

/** Starts a server that answers by `script`. Closing the scope ends every connection, and frees the port. */
export const make = Effect.fn("ScriptedModel.make")(function*(
  script: Script,
  options: Options = {}
): Effect.fn.Return<ScriptedModel, ScriptedModelFailed, Scope.Scope> {
  // Only a proof and the demo need it.
  const { createServer } = yield* Effect.promise(() => import("node:http"))
  const server = createServer()
  const port = yield* Effect.acquireRelease(
    Effect.mapError(listen(server), (reason) => new ScriptedModelFailed({ reason })),
    () => close(server)
  )
  const recorded = yield* Ref.make<ReadonlyArray<RecordedRequest>>([])
  const countAttempt = makeAttempts()

  const answer = Effect.fnUntraced(function*(request: Http.IncomingMessage, response: Http.ServerResponse) {
    const refuse = (status: number, message: string) => sendError(response, Reply.httpError(status, message))
    if (request.method !== "POST" || request.url !== "/v1/responses") {
      return yield* refuse(404, `Not found: ${request.method} ${request.url}`)
    }
    const json = yield* readText(request)
    if (json === undefined) return yield* refuse(413, "The request is too large")
    const decoded = decodeBody(json)
    if (Either.isLeft(decoded)) {
      return yield* refuse(400, ParseResult.TreeFormatter.formatErrorSync(decoded.left))
    }
    const body = decoded.right
    const threadId = header(request, "thread-id") ?? header(request, "session-id") ?? body.prompt_cache_key ?? ""
    const { answers, position, turn: seen } = readRequest(body, threadId)
    const turn = { ...seen, attempt: countAttempt(threadId, position) }
    const reply = yield* Effect.try({ try: () => script(turn), catch: String }).pipe(
      Effect.catchAll((thrown) => Effect.succeed(Reply.httpError(400, `The script threw: ${thrown}`)))
    )
    yield* Ref.update(recorded, remember({ turn, reply: reply._tag, headers: request.headers, body: json }))
    yield* send(response, reply, { answer: answers, codeMode: turn.codeMode, model: turn.model })
  })

  const run = yield* FiberSet.makeRuntime<never, void>()
  server.on("request", (request, response) => {
    run(
      Effect.raceFirst(answer(request, response), gone(response)).pipe(
        Effect.onError(() => Effect.sync(() => response.destroy()))
      )
    )
  })

  const url = `http://${host}:${port}/v1`
  const retries = options.maxRetries ?? 1
  return {
    url,
    codexConfig: [
      `model_provider="scripted"`,
      `model_providers.scripted={name="Scripted model",base_url="${url}",wire_api="responses",`
      + `request_max_retries=${retries},stream_max_retries=${retries}}`
    ],
    codexEnvironment: { NO_PROXY: host, no_proxy: host },
    requests: Ref.get(recorded)
  }
})
