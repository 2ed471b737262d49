import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { maskFor } from "../../src/audit/redaction.ts"
import { asCommand, observed } from "../../src/telemetry/observed.ts"
import { recorder } from "./recorder.ts"

const secret = "hunter2-hunter2-hunter2"

/** What a program writes on standard error, line by line. */
const linesOf = (env: Record<string, string>, program: Effect.Effect<unknown>) =>
  Console.consoleWith((console) => {
    const lines: Array<string> = []
    const outputs: Array<unknown> = []
    return program.pipe(
      observed("test", { env, mask: maskFor(env) }),
      Effect.withConsole({
        ...console,
        error: (...args) => Effect.sync(() => void lines.push(args.join(" "))),
        log: (...args) => Effect.sync(() => void outputs.push(args)),
        unsafe: {
          ...console.unsafe,
          error: (...args) => void lines.push(args.join(" ")),
          log: (...args) => void outputs.push(args)
        }
      }),
      Effect.map(() => {
        assert.deepStrictEqual(outputs, [], "standard output is for results")
        return lines
      })
    )
  })

describe("log lines", () => {
  it.effect("are masked, on standard error, from warnings on", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(
        { DEPLOY_TOKEN: secret },
        Effect.zipRight(
          Effect.logInfo("not told"),
          Effect.annotateLogs(Effect.logWarning(`it is ${secret}`), "at", secret)
        )
      )
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /level=WARN .*message="it is \[redacted/)
      assert.notInclude(lines[0], secret)
    }))

  it.effect("as many as the environment asks for", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf({ CODEX_RUNNER_LOG_LEVEL: "Debug" }, Effect.logDebug("told"))
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /level=DEBUG .*message=told/)
    }))

  it.effect("where it asks with a word that is none, that is told, without the word", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf({ CODEX_RUNNER_LOG_LEVEL: "loud" }, Effect.logDebug("told"))
      assert.lengthOf(lines, 1)
      assert.include(lines[0], "CODEX_RUNNER_LOG_LEVEL is none of all, trace, debug")
      assert.notInclude(lines[0], "loud")
    }))

  it.effect("say why nothing is sent where that was asked for", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "nowhere" }, Effect.void)
      assert.lengthOf(lines, 1)
      assert.include(lines[0], "no traces are exported: the endpoint is no http or https address")
    }))
})

describe("a program", () => {
  it.effect("is one span, in the span that its environment names", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
      yield* Effect.void.pipe(asCommand("test", { TRACEPARENT }), Effect.withTracer(tracer))
      assert.deepStrictEqual(spans.map(({ name, parent }) => [name, parent]), [
        ["codex_runner.command", "00f067aa0ba902b7"]
      ])
      assert.strictEqual(spans[0]?.attributes.get("codex_runner.command"), "test")
    }))

  it.effect("makes no spans where nobody asks for them", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      yield* Effect.void.pipe(observed("test", { env: {}, mask: (text) => text }), Effect.withTracer(tracer))
      assert.lengthOf(spans, 0)
    }))
})
