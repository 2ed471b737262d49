/** A tracer through which nothing leaves that must not: no secret, no message of an error, no stack. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import { attribute } from "./attributes.ts"

/** `mask` takes what must not be told out of a text. */
export const guarded = (tracer: Tracer.Tracer, mask: (text: string) => string): Tracer.Tracer => {
  const masked = (value: unknown): unknown => typeof value === "string" ? mask(value) : value
  return Tracer.make({
    context: (run, fiber) => tracer.context(run, fiber),
    span: (...made) => {
      const span = tracer.span(...made)
      const note = span.attribute.bind(span)
      const event = span.event.bind(span)
      const end = span.end.bind(span)
      return Object.assign(span, {
        attribute: (key: string, value: unknown) => {
          // Where in our bundle something failed tells a reader nothing.
          if (key !== "code.stacktrace") note(key, masked(value))
        },
        event: (name: string, startTime: bigint, attributes: Record<string, unknown> = {}) => {
          const told = Object.entries(attributes).filter(([key]) => key !== "effect.cause")
          event(mask(name), startTime, Object.fromEntries(told.map(([key, value]) => [key, masked(value)])))
        },
        end: (endTime: bigint, exit: Exit.Exit<unknown, unknown>) =>
          end(endTime, outcome(exit, span.attributes.get(attribute.errorType)))
      })
    }
  })
}

/** A failure by its name alone: messages quote what they complain of. A task that failed is one, though its Effect is none. */
const outcome = (exit: Exit.Exit<unknown, unknown>, kind: unknown): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) return typeof kind === "string" ? failed(kind) : exit
  if (Cause.isInterruptedOnly(exit.cause)) return exit
  return failed(nameOf(Cause.squash(exit.cause)))
}

const nameOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return "Error"
  if ("_tag" in error && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : "Error"
}

const failed = (name: string): Exit.Exit<never, Error> => Exit.fail(Object.assign(new Error(name), { name, stack: "" }))
