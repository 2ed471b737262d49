import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as Reply from "../../src/scripted/Reply.ts"
import * as ScriptedModel from "../../src/scripted/ScriptedModel.ts"

const body = (prompt: string): string =>
  JSON.stringify({
    model: "m",
    input: [{ type: "message", role: "user", content: [{ type: "input_text", text: prompt }] }]
  })

interface Answer {
  readonly status: number
  readonly text: string
}

const post = (
  url: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
  path = "/responses"
): Effect.Effect<Answer, unknown> =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(`${url}${path}`, { method: "POST", body: text, headers, signal })
    return { status: response.status, text: await response.text() }
  })

describe("ScriptedModel over HTTP", () => {
  it.scopedLive("refuses what is no request of the API, and says why", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* ScriptedModel.make(() => Reply.message("x"))
      assert.strictEqual((yield* post(url, "{}", {}, "/models")).status, 404)
      const broken = yield* post(url, "{")
      assert.strictEqual(broken.status, 400)
      const incomplete = yield* post(url, JSON.stringify({ model: "m" }))
      assert.strictEqual(incomplete.status, 400)
      assert.include(incomplete.text, "input")
      assert.deepStrictEqual(yield* requests, [])
    }))

  it.scopedLive("refuses a body over 32 MiB", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* ScriptedModel.make(() => Reply.message("x"))
      const fits = yield* post(url, body("x".repeat(31 * 1024 * 1024)))
      assert.strictEqual(fits.status, 200)
      const large = yield* Effect.either(post(url, body("x".repeat(33 * 1024 * 1024))))
      // The server stops reading: the client may see the answer, or its own writing fail.
      if (large._tag === "Right") assert.strictEqual(large.right.status, 413)
      assert.strictEqual((yield* requests).length, 1)
    }))

  it.scopedLive("keeps the latest requests that fit in 64 MiB", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* ScriptedModel.make(() => Reply.message("x"))
      for (const name of ["a", "b", "c"]) yield* post(url, body(name.repeat(22 * 1024 * 1024)))
      assert.deepStrictEqual((yield* requests).map(({ turn }) => turn.prompt[0]), ["b", "c"])
    }))

  it.scopedLive("answers 400 with what a script threw", () =>
    Effect.gen(function*() {
      const { url } = yield* ScriptedModel.make(() => {
        throw new Error("no such step")
      })
      const answer = yield* post(url, body("go"))
      assert.strictEqual(answer.status, 400)
      assert.include(answer.text, "no such step")
    }))

  it.scopedLive("counts attempts for each conversation by itself", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* ScriptedModel.make(() => Reply.httpError(500, "again"))
      for (const thread of ["a", "b", "a", "b", "a"]) yield* post(url, body("go"), { "thread-id": thread })
      assert.deepStrictEqual(
        (yield* requests).map(({ turn }) => `${turn.threadId}${turn.attempt}`),
        ["a0", "b0", "a1", "b1", "a2"]
      )
    }))

  it.scopedLive("sends the headers of an error", () =>
    Effect.gen(function*() {
      const { url } = yield* ScriptedModel.make(() =>
        Reply.httpError(429, "later", { code: "slow_down", headers: { "retry-after": "7" } })
      )
      const response = yield* Effect.promise(() => fetch(`${url}/responses`, { method: "POST", body: body("go") }))
      assert.strictEqual(response.headers.get("retry-after"), "7")
      assert.deepStrictEqual(yield* Effect.promise(() => response.json()), {
        error: { message: "later", type: "slow_down", code: "slow_down" }
      })
    }))

  it.live("closing its scope ends what hangs or is delayed, and frees the port", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const asked = yield* Deferred.make<void>()
      let waiting = 0
      const { url } = yield* Scope.extend(
        ScriptedModel.make(({ prompt }) => {
          if (++waiting === 2) Deferred.unsafeDone(asked, Effect.void)
          return prompt === "hang" ? Reply.hang : Reply.message("late", { delayMs: 3_600_000 })
        }),
        scope
      )
      const client = Effect.all([Effect.exit(post(url, body("hang"))), Effect.exit(post(url, body("wait")))], {
        concurrency: 2
      })
      const [ended] = yield* Effect.all([
        client,
        Effect.andThen(Deferred.await(asked), Scope.close(scope, Exit.void))
      ], { concurrency: 2 })
      assert.deepStrictEqual(ended.map(Exit.isFailure), [true, true])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(post(url, body("anyone?")))))
    }))

  it.live("closing its scope ends a connection in the middle of its request", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { url } = yield* Scope.extend(ScriptedModel.make(() => Reply.message("x")), scope)
      const { hostname, port } = new URL(url)
      const socket = Net.connect(Number(port), hostname)
      const ended = Effect.async<void>((resume) => {
        socket.on("error", () => {}).once("close", () => resume(Effect.void))
      })
      yield* Effect.async<void>((resume) => {
        socket.write("POST /v1/responses HTTP/1.1\r\nho", () => resume(Effect.void))
      })
      // Whoever comes later is answered: so the server has seen the half request.
      yield* post(url, body("go"))
      yield* Effect.all([ended, Scope.close(scope, Exit.void)], { concurrency: 2 })
      assert.isTrue(socket.destroyed)
    }))
})
