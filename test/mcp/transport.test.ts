import { assert, describe, it } from "@effect/vitest"
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js"
import { PassThrough } from "node:stream"
import { lineTransport } from "../../src/mcp/transport.ts"

/** What is received of these lines, and what is answered to them. */
const take = async (...lines: ReadonlyArray<unknown>) => {
  const input = new PassThrough({ objectMode: true })
  const output = new PassThrough()
  const transport = lineTransport(input, output)
  const received: Array<JSONRPCMessage> = []
  transport.onmessage = (message) => received.push(message)
  await transport.start()
  for (const line of lines) input.write(Buffer.from(`${typeof line === "string" ? line : JSON.stringify(line)}\n`))
  await new Promise(setImmediate)
  const answered = String(output.read() ?? "").split("\n").filter((line) => line !== "")
  return { received, answered: answered.map((line) => JSONRPCMessageSchema.parse(JSON.parse(line))) }
}

const ping = { jsonrpc: "2.0", id: 1, method: "ping" }

describe("messages on lines", () => {
  it("are taken one by one, also from a list; null is what was left out", async () => {
    const call = { ...ping, params: { name: "x", arguments: null, _meta: { progressToken: null, other: 0 } } }
    const { answered, received } = await take(ping, [ping, ping], call, { ...ping, params: null })
    assert.deepStrictEqual<unknown>(received, [
      ping,
      ping,
      ping,
      { ...ping, params: { name: "x", _meta: { other: 0 } } },
      ping
    ])
    assert.isEmpty(answered)
    const kept = { ...ping, params: { name: "x", arguments: { run_id: null } } }
    assert.deepStrictEqual<unknown>((await take(kept)).received, [kept])
  })

  it("that are none are answered where they were meant as a request, and only there", async () => {
    const bad = [
      { ...ping, id: "a", params: [1] },
      { ...ping, id: 2, params: { _meta: { progressToken: {} } } },
      { ...ping, id: 3, jsonrpc: "1.0" }
    ]
    const { answered, received } = await take(
      ...bad,
      "garbage",
      "",
      5,
      null,
      [],
      { ...ping, id: 1.5 },
      { ...ping, id: null },
      { jsonrpc: "2.0", method: "notifications/x", params: 5 },
      { jsonrpc: "2.0", id: 4, result: 5 }
    )
    assert.isEmpty(received)
    assert.deepStrictEqual(answered.map((one) => "error" in one && one.id), ["a", 2, 3])
  })

  it("that nobody reads wait for one drain together", async () => {
    const output = new PassThrough({ highWaterMark: 10 })
    const transport = lineTransport(new PassThrough(), output)
    const sent = Array.from({ length: 20 }, (_, id) => transport.send({ jsonrpc: "2.0", id, result: {} }))
    assert.strictEqual(output.listenerCount("drain"), 1)
    output.resume()
    await Promise.all(sent)
    assert.strictEqual(output.listenerCount("drain"), 0)
  })
})
