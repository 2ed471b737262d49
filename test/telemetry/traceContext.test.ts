import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { parentIn, traceparent } from "../../src/telemetry/traceContext.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"
const parentOf = (TRACEPARENT?: string) => Option.getOrUndefined(parentIn({ TRACEPARENT }))

describe("TRACEPARENT", () => {
  it("names the span that the process was started in, and whether its trace is wanted", () => {
    for (const [flags, sampled] of [["01", true], ["03", true], ["00", false]] as const) {
      const parent = parentOf(`00-${traceId}-${spanId}-${flags}`)
      assert.deepInclude(parent, { traceId, spanId, sampled })
    }
  })

  it("a later version's is read as far as it is known", () =>
    assert.deepInclude(parentOf(`01-${traceId}-${spanId}-01-more`), { traceId, spanId, sampled: true }))

  it("nonsense counts as none", () => {
    for (
      const text of [
        undefined,
        "",
        "00",
        `ff-${traceId}-${spanId}-01`,
        `00-${"0".repeat(32)}-${spanId}-01`,
        `00-${traceId}-${"0".repeat(16)}-01`,
        `00-${traceId.toUpperCase()}-${spanId}-01`
      ]
    ) assert.isUndefined(parentOf(text), text)
  })

  it.effect("is handed on", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* traceparent, {})
      const parent = Tracer.externalSpan({ traceId, spanId, sampled: true })
      const handed = yield* Effect.withParentSpan(traceparent, parent)
      assert.deepStrictEqual(handed, { TRACEPARENT: `00-${traceId}-${spanId}-01` })
    }))
})
