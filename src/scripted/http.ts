/** The plain HTTP of the scripted model: listening, reading a bounded body, sending a reply. */
import * as Effect from "effect/Effect"
import type * as Http from "node:http"
import type { Cut, HttpError, Reply } from "./Reply.ts"
import * as Sse from "./sse.ts"

/** The only address it listens on. */
export const host = "127.0.0.1"

const maxBodyBytes = 32 * 1024 * 1024

/** Gives the port, or fails with what the system said. */
export const listen = (server: Http.Server): Effect.Effect<number, string> =>
  Effect.async((resume) => {
    server.once("error", (error) => resume(Effect.fail(error.message)))
    server.listen(0, host, () => {
      const address = server.address()
      resume(address !== null && typeof address === "object" ? Effect.succeed(address.port) : Effect.fail("no port"))
    })
  })

/** Ends every connection, and frees the port. */
export const close = (server: Http.Server): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  }).pipe(Effect.interruptible, Effect.timeoutOption("2 seconds"), Effect.asVoid)

/** Waits until the connection is gone: nobody is left to answer. */
export const gone = (response: Http.ServerResponse): Effect.Effect<void> =>
  Effect.async((resume) => {
    const onClose = () => resume(Effect.void)
    response.once("close", onClose)
    return Effect.sync(() => response.off("close", onClose))
  })

/** The whole body; undefined where it is larger than a request may be (32 MiB). */
export const readText = (request: Http.IncomingMessage): Effect.Effect<string | undefined> =>
  Effect.async((resume) => {
    const chunks: Array<Buffer> = []
    let size = 0
    request.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBodyBytes) return void chunks.push(chunk)
      chunks.length = 0
      request.pause()
      resume(Effect.succeed(undefined))
    })
    request.once("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
  })

export const header = (request: Http.IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name]
  return typeof value === "string" ? value : undefined
}

export const sendError = (
  response: Http.ServerResponse,
  { code, details, headers, message, status }: HttpError
): Effect.Effect<void> =>
  Effect.sync(() => {
    response.writeHead(status, { "content-type": "application/json", ...headers })
    response.end(JSON.stringify({ error: { message, type: code ?? null, code: code ?? null, ...details } }))
  })

const write = (response: Http.ServerResponse, events: ReadonlyArray<Sse.Event>): Effect.Effect<void> =>
  Effect.async((resume) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
    response.write(Sse.encode(events), () => resume(Effect.void))
  })

const cut = (response: Http.ServerResponse, { after, reply }: Cut, context: Sse.Context): Effect.Effect<void> => {
  const events = after === "items" && reply !== undefined ? Sse.begun(reply, context) : [Sse.created(context)]
  return (after === "request" ? Effect.void : write(response, events)).pipe(
    Effect.andThen(Effect.sync(() => response.destroy()))
  )
}

/** Answers after the reply's own delay. Never comes back from a hang. */
export const send = (response: Http.ServerResponse, reply: Reply, context: Sse.Context): Effect.Effect<void> => {
  switch (reply._tag) {
    case "Hang":
      return Effect.never
    case "HttpError":
      return sendError(response, reply).pipe(Effect.delay(reply.delayMs ?? 0))
    case "Cut":
      return cut(response, reply, context).pipe(Effect.delay(reply.delayMs ?? 0))
    case "Message":
    case "Calls":
    case "Failed":
    case "Incomplete":
      return write(response, Sse.render(reply, context)).pipe(
        Effect.andThen(Effect.sync(() => response.end())),
        Effect.delay(reply.delayMs ?? 0)
      )
  }
}
