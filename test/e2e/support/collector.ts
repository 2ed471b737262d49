/** An OpenTelemetry collector on loopback that keeps what it is sent. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"

const Attributes = Schema.Array(Schema.Struct({
  key: Schema.String,
  value: Schema.Record({ key: Schema.String, value: Schema.Unknown })
}))
const Resource = Schema.Struct({ attributes: Attributes })
const Span = Schema.Struct({
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String,
  attributes: Attributes,
  status: Schema.Struct({ code: Schema.Number, message: Schema.optional(Schema.String) })
})
const Point = Schema.Struct({
  attributes: Attributes,
  asDouble: Schema.optional(Schema.Number),
  count: Schema.optional(Schema.Number)
})
const Points = Schema.Struct({ dataPoints: Schema.Array(Point) })
const Metric = Schema.Struct({
  name: Schema.String,
  unit: Schema.String,
  sum: Schema.optional(Points),
  gauge: Schema.optional(Points),
  histogram: Schema.optional(Points)
})

const decodeTraces = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    resource: Resource,
    scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) }))
  }))
})))
const decodeMetrics = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    resource: Resource,
    scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) }))
  }))
})))

export interface Received {
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

export interface CollectedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly failed: boolean
}

export interface Collector {
  readonly url: string
  readonly received: ReadonlyArray<Received>
  readonly spans: () => ReadonlyArray<CollectedSpan>
  /** The last value of each series, by name and attributes; of a histogram how many. */
  readonly metrics: () => Readonly<Record<string, number>>
  readonly resources: () => ReadonlyArray<Readonly<Record<string, unknown>>>
  /** Waits for a span of this name. */
  readonly told: (name: string) => Effect.Effect<void>
}

/** `deaf`: takes what comes, and never answers. */
export const collector = (options: { readonly deaf?: boolean } = {}): Effect.Effect<Collector, never, Scope.Scope> =>
  Effect.gen(function*() {
    const received: Array<Received> = []
    const listeners = new Set<() => void>()
    const server = Http.createServer((request, response) => {
      let body = ""
      request.setEncoding("utf8").on("data", (text: string) => body += text).on("end", () => {
        received.push({ path: request.url ?? "", headers: request.headers, body })
        if (options.deaf !== true) response.end("{}")
        for (const listener of listeners) listener()
      })
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.async<void>((resume) => {
          server.closeAllConnections()
          server.close(() => resume(Effect.void))
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0

    const bodies = (path: string) => received.filter((one) => one.path === path).map(({ body }) => body)
    const traces = () => bodies("/v1/traces").flatMap((body) => decodeTraces(body).resourceSpans)
    const counts = () => bodies("/v1/metrics").flatMap((body) => decodeMetrics(body).resourceMetrics)
    const spans = () =>
      traces().flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans).map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parent: span.parentSpanId,
        attributes: valuesOf(span.attributes),
        failed: span.status.code === 2
      }))
    return {
      url: `http://127.0.0.1:${port}`,
      received,
      spans,
      metrics: () =>
        Object.fromEntries(
          counts().flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics)
            .flatMap(({ gauge, histogram, name, sum }) =>
              [sum, gauge, histogram].flatMap((kind) => kind?.dataPoints ?? []).map((point) => {
                const labels = point.attributes.filter(({ key }) => key !== "unit")
                  .map(({ key, value }) => `${key}=${String(Object.values(value)[0])}`)
                return [[name, ...labels].join(" "), point.count ?? point.asDouble ?? Number.NaN] as const
              })
            )
        ),
      resources: () => [...traces(), ...counts()].map(({ resource }) => valuesOf(resource.attributes)),
      told: (name) =>
        Effect.async<void>((resume) => {
          const look = () => {
            if (!spans().some((span) => span.name === name)) return
            listeners.delete(look)
            resume(Effect.void)
          }
          listeners.add(look)
          look()
          return Effect.sync(() => listeners.delete(look))
        })
    }
  })

const valuesOf = (attributes: typeof Attributes.Type): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
