/** A tracer that keeps what it is told. */
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export interface Told {
  readonly name: string
  readonly spanId: string
  readonly parent: string | undefined
  readonly attributes: Map<string, unknown>
  readonly events: Array<{ readonly name: string; readonly attributes: Record<string, unknown> | undefined }>
  exit: Exit.Exit<unknown, unknown> | undefined
}

export const recorder = () => {
  const spans: Array<Told> = []
  const tracer = Tracer.make({
    context: (run) => run(),
    span: (name, parent, context, links, startTime, kind) => {
      const told: Told = {
        name,
        spanId: String(spans.length + 1),
        parent: Option.getOrUndefined(Option.map(parent, ({ spanId }) => spanId)),
        attributes: new Map(),
        events: [],
        exit: undefined
      }
      spans.push(told)
      return {
        _tag: "Span",
        name,
        spanId: told.spanId,
        traceId: "trace",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes: told.attributes,
        links,
        sampled: true,
        kind,
        end: (_, exit) => {
          told.exit = exit
        },
        attribute: (key, value) => told.attributes.set(key, value),
        event: (event, _, attributes) => told.events.push({ name: event, attributes }),
        addLinks: () => undefined
      }
    }
  })
  return {
    tracer,
    spans,
    named: (name: string) => spans.filter((span) => span.name === name),
    way: (span: Told) => wayUp(spans, span)
  }
}

/** Names from a span up to the outermost. */
const wayUp = (spans: ReadonlyArray<Told>, span: Told): ReadonlyArray<string> => {
  const parent = spans.find(({ spanId }) => spanId === span.parent)
  return [span.name, ...(parent === undefined ? [] : wayUp(spans, parent))]
}
