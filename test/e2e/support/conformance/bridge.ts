/** A server on pipes, made one on HTTP, for a suite that tests no other: each session is a process of its own. */
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { isInitializeRequest, type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createInterface } from "node:readline"

type RequestId = string | number

/** To which request of the client a message of the server belongs: HTTP answers each on a stream of its own. */
const makeRelated = () => {
  const byToken = new Map<RequestId, RequestId>()
  let latest: RequestId | undefined
  return {
    seen: (message: JSONRPCMessage): void => {
      if (!("method" in message) || !("id" in message)) return
      latest = message.id
      const token = message.params?._meta?.progressToken
      if (token !== undefined) byToken.set(token, message.id)
    },
    of: (message: JSONRPCMessage): RequestId | undefined => {
      if (!("method" in message)) return undefined
      const token = message.params?.["progressToken"]
      return typeof token === "string" || typeof token === "number" ? byToken.get(token) : latest
    }
  }
}

const openSession = async (
  command: ReadonlyArray<string>,
  children: Set<ChildProcessWithoutNullStreams>,
  allowedHosts: () => Array<string>
) => {
  const sessionId = randomUUID()
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => sessionId,
    enableDnsRebindingProtection: true,
    allowedHosts: allowedHosts()
  })
  const [program = "", ...args] = command
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] })
  children.add(child)
  child.stdin.on("error", () => undefined)
  const related = makeRelated()
  transport.onmessage = (message) => {
    related.seen(message)
    child.stdin.write(`${JSON.stringify(message)}\n`)
  }
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSONRPCMessageSchema.parse(JSON.parse(line))
    const relatedRequestId = related.of(message)
    void transport.send(message, relatedRequestId === undefined ? {} : { relatedRequestId }).catch(() => undefined)
  })
  await transport.start()
  return { sessionId, transport }
}

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

/** The address of the bridge, on loopback. */
export const bridge = (command: ReadonlyArray<string>): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
        const children = new Set<ChildProcessWithoutNullStreams>()
        const sessions = new Map<string, StreamableHTTPServerTransport>()
        let port = 0
        const allowedHosts = () => [`127.0.0.1:${port}`, `localhost:${port}`]
        const handle = async (request: IncomingMessage, response: ServerResponse) => {
          if (!allowedHosts().includes(request.headers.host ?? "")) return void response.writeHead(403).end()
          const body = request.method === "POST" ? await readBody(request) : undefined
          const known = sessions.get(String(request.headers["mcp-session-id"]))
          if (known !== undefined) return known.handleRequest(request, response, body)
          if (!isInitializeRequest(body)) return void response.writeHead(400).end()
          const { sessionId, transport } = await openSession(command, children, allowedHosts)
          sessions.set(sessionId, transport)
          await transport.handleRequest(request, response, body)
        }
        const server = createServer((request, response) => {
          handle(request, response).catch(() => response.destroy())
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          port = typeof address === "object" && address !== null ? address.port : 0
          const close = () => {
            server.closeAllConnections()
            server.close()
            for (const child of children) child.kill("SIGKILL")
          }
          resume(Effect.succeed({ port, close }))
        })
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ port }) => `http://127.0.0.1:${port}/mcp`
  )
