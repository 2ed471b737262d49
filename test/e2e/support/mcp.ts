/**
 * The MCP server as its clients start it: the built program on pipes, driven by
 * the protocol's own client or by hand. Every line that it writes on standard
 * output is held to be a message of the protocol, in whatever test.
 */
import { assert } from "@effect/vitest"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import { CallToolResultSchema, type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { eventually, isRunning } from "../../support/processes.ts"
import type { Scene } from "./scene.ts"

export const mcpBin = fileURLToPath(new URL("../../../dist/bin/codex-mcp-runner.mjs", import.meta.url))

export interface ServerOptions {
  readonly args?: ReadonlyArray<string>
  readonly cwd: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly bin?: string
}

export interface McpServer {
  readonly pid: number
  readonly child: ChildProcessWithoutNullStreams
  /** Every message that came so far. */
  readonly messages: ReadonlyArray<JSONRPCMessage>
  readonly stderr: () => string
  readonly write: (text: string) => void
  readonly send: (message: object) => void
  /** The answer to a request: result or error. */
  readonly reply: (id: number | string) => Effect.Effect<JSONRPCMessage>
  readonly ended: Effect.Effect<{ readonly code: number | null; readonly signal: string | null }>
  /** For the protocol's own client. */
  readonly transport: Transport
}

/** Starts the server. What is not a message on its standard output fails the test that waits for anything of it. */
export const startServer = (options: ServerOptions): Effect.Effect<McpServer, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [options.bin ?? mcpBin, ...(options.args ?? [])], {
          cwd: options.cwd,
          env: options.env,
          detached: true,
          stdio: ["pipe", "pipe", "pipe"]
        })
        const messages: Array<JSONRPCMessage> = []
        const impure: Array<string> = []
        const listeners: Array<(message: JSONRPCMessage) => void> = []
        let stderr = ""
        child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
        child.stdin.on("error", () => undefined)
        child.stdout.on("error", () => undefined)
        createInterface({ input: child.stdout }).on("line", (line) => {
          const parsed = parseMessage(line)
          if (parsed === undefined) impure.push(line)
          else {
            messages.push(parsed)
            for (const listener of listeners) listener(parsed)
          }
        })
        const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
          child.once("exit", (code, signal) => resolve({ code, signal }))
        )
        return { child, messages, impure, listeners, stderr: () => stderr, ended }
      }),
      ({ child, impure }) =>
        Effect.sync(() => {
          if (child.pid !== undefined) killGroup(child.pid)
          assert.deepStrictEqual(impure, [], "lines on standard output that are no messages")
        })
    ),
    ({ child, ended, listeners, messages, stderr }): McpServer => {
      const write = (text: string) => void child.stdin.write(text)
      const send = (message: object) => write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
      const transport: Transport = {
        start: () => {
          listeners.push((message) => transport.onmessage?.(message))
          void ended.then(() => transport.onclose?.())
          return Promise.resolve()
        },
        send: (message) => Promise.resolve(send(message)),
        close: () => Promise.resolve(void child.stdin.end())
      }
      const isReply = (id: number | string) => (message: JSONRPCMessage) =>
        "id" in message && message.id === id && ("result" in message || "error" in message)
      return {
        pid: child.pid ?? 0,
        child,
        messages,
        stderr,
        write,
        send,
        reply: (id) =>
          Effect.flatMap(eventually(() => messages.some(isReply(id))), () => {
            const found = messages.find(isReply(id))
            return found === undefined ? Effect.dieMessage("no reply") : Effect.succeed(found)
          }),
        ended: Effect.promise(() => ended),
        transport
      }
    }
  )

const parseMessage = (line: string): JSONRPCMessage | undefined => {
  try {
    return JSONRPCMessageSchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

const killGroup = (leader: number): void => {
  try {
    process.kill(-leader, "SIGKILL")
  } catch {
    // Gone.
  }
}

export const initialize = (id: number) => ({
  id,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } }
})

export interface Connected {
  readonly server: McpServer
  readonly client: Client
  /** Calls a tool; its structured content was held against the tool's output schema by the client. */
  readonly call: (name: string, args?: object, options?: CallOptions) => Effect.Effect<ToolReply>
}

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly onprogress?: (
    progress: { progress: number; total?: number | undefined; message?: string | undefined }
  ) => void
  readonly timeout?: number
}

export interface ToolReply {
  readonly isError: boolean
  readonly text: string
  readonly structured: Record<string, unknown>
  readonly links: ReadonlyArray<string>
  /** Of the whole result as JSON. */
  readonly bytes: number
}

/** The protocol's own client on the server, tools listed, so that it validates what comes back. */
export const connect = (options: ServerOptions): Effect.Effect<Connected, never, Scope.Scope> =>
  Effect.gen(function*() {
    const server = yield* startServer(options)
    const client = new Client({ name: "test", version: "1.0.0" })
    yield* Effect.promise(() => client.connect(server.transport))
    yield* Effect.promise(() => client.listTools())
    const call: Connected["call"] = (name, args = {}, more = {}) =>
      Effect.promise(async () => {
        const result = CallToolResultSchema.parse(
          await client.callTool({ name, arguments: { ...args } }, CallToolResultSchema, { timeout: 170_000, ...more })
        )
        const [first] = result.content
        return {
          isError: result.isError === true,
          text: first?.type === "text" ? first.text : "",
          structured: result.structuredContent ?? {},
          links: result.content.flatMap((part) => part.type === "resource_link" ? [part.uri] : []),
          bytes: Buffer.byteLength(JSON.stringify(result))
        }
      })
    return { server, client, call }
  })

/** The server for a scene, whose configuration somebody has trusted. */
export const connectTo = (
  { cli, env, repo }: Scene,
  options: Partial<ServerOptions> = {}
): Effect.Effect<Connected, never, Scope.Scope> =>
  Effect.zipRight(
    cli(["trust", "--yes"]),
    connect({ cwd: repo.root, ...options, env: { ...env, ...options.env } })
  )

/** Once the process and all that are listed are gone. */
export const allGone = (...pids: ReadonlyArray<number>): Effect.Effect<void> =>
  eventually(() => pids.every((pid) => !isRunning(pid)))
