/**
 * Messages of the protocol on two streams, one a line. The protocol library's
 * own transport leaves a request that it can't read without an answer, for
 * which a client then waits as long as it has patience.
 */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import { ErrorCode, type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js"

/** `lines` gives whole lines, each by itself. */
export const lineTransport = (lines: NodeJS.ReadableStream, output: NodeJS.WritableStream): Transport => {
  let drained: Promise<void> | undefined
  const drain = () =>
    new Promise<void>((resolve) =>
      output.once("drain", () => {
        drained = undefined
        resolve()
      })
    )
  const transport: Transport = {
    start: () => Promise.resolve(void lines.on("data", take)),
    close: () => {
      lines.off("data", take)
      lines.pause()
      transport.onclose?.()
      return Promise.resolve()
    },
    send: (message) => output.write(`${JSON.stringify(message)}\n`) ? Promise.resolve() : drained ??= drain()
  }

  const take = (line: Buffer): void => {
    try {
      const parsed: unknown = JSON.parse(line.toString())
      // One revision of the protocol has lists of messages.
      for (const one of Array.isArray(parsed) ? parsed : [parsed]) receive(withoutNulls(one))
    } catch (error) {
      transport.onerror?.(error instanceof Error ? error : new Error(String(error)))
    }
  }

  const receive = (message: unknown): void => {
    const read = JSONRPCMessageSchema.safeParse(message)
    if (read.success) return transport.onmessage?.(read.data)
    transport.onerror?.(read.error)
    const answer = refusal(message)
    if (answer !== undefined) void transport.send(answer)
  }
  return transport
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const present = (value: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null))

/** Some clients write null for what they leave out. No parameter of the protocol is null; the arguments of a tool are its own matter. */
const withoutNulls = (message: unknown): unknown => {
  if (!isObject(message)) return message
  const { params, ...rest } = message
  if (params === undefined || params === null) return rest
  if (!isObject(params)) return message
  const given = present(params)
  const { _meta } = given
  return { ...rest, params: isObject(_meta) ? { ...given, _meta: present(_meta) } : given }
}

/** For what was meant as a request, as far as that can be told. */
const refusal = (message: unknown): JSONRPCMessage | undefined => {
  if (!isObject(message) || typeof message["method"] !== "string") return undefined
  const { id } = message
  if (typeof id !== "string" && !Number.isSafeInteger(id)) return undefined
  return {
    jsonrpc: "2.0",
    id: typeof id === "string" ? id : Number(id),
    error: {
      code: ErrorCode.InvalidRequest,
      message: "No request of the protocol: it has jsonrpc \"2.0\", and params that are an object; " +
        "a progressToken is a string or a whole number."
    }
  }
}
