/** W3C trace context, as processes hand it to one another: `TRACEPARENT` in the environment. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

const header = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/

/** The span that this process was started in, where its starter said. */
export const parentIn = (env: Readonly<Record<string, string | undefined>>): Option.Option<Tracer.ExternalSpan> => {
  const [, version, traceId = "", spanId = "", flags = "0"] = header.exec(env["TRACEPARENT"]?.trim() ?? "") ?? []
  const isValid = version !== undefined && version !== "ff" && !/^0+$/.test(traceId) && !/^0+$/.test(spanId)
  return isValid
    ? Option.some(Tracer.externalSpan({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }))
    : Option.none()
}

/** For the environment of a process that goes on with the current span. */
export const traceparent: Effect.Effect<Readonly<Record<string, string>>> = Effect.currentParentSpan.pipe(
  Effect.map(({ sampled, spanId, traceId }) => ({ TRACEPARENT: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}` })),
  Effect.orElseSucceed(() => ({}))
)
