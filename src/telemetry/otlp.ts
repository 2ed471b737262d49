/** Spans and metrics to a collector, by OTLP over HTTP. Loaded only where one is named. */
import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError } from "@effect/platform/HttpClientError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import { version } from "../version.ts"
import { guarded } from "./guardedTracer.ts"
import type { Destination, TelemetrySettings } from "./settings.ts"

/** What the end of the process may wait for a collector; both signals are sent at once. */
const patience = Duration.millis(1500)

/** The exporters, each flushed when the scope closes. A collector that is down or slow holds nothing up. */
export const exporters = (settings: TelemetrySettings, mask: (text: string) => string): Layer.Layer<never> => {
  const resource = {
    serviceName: settings.serviceName,
    serviceVersion: version,
    // Counts of one process are not another's.
    attributes: { ...settings.resource, "service.instance.id": randomUUID() }
  }
  const optionsFor = ({ headers, url }: Destination) => ({ url, headers, resource, shutdownTimeout: patience })
  return Layer.mergeAll(
    withDestination(settings.traces, (to) =>
      Layer.unwrapScoped(
        Effect.map(OtlpTracer.make(optionsFor(to)), (tracer) => Layer.setTracer(guarded(tracer, mask)))
      )),
    withDestination(settings.metrics, (to) => OtlpMetrics.layer(optionsFor(to)))
  )
}

const withDestination = (
  to: Destination | undefined,
  exporter: (to: Destination) => Layer.Layer<never, never, HttpClient.HttpClient | OtlpSerialization.OtlpSerialization>
): Layer.Layer<never> =>
  to === undefined ? Layer.empty : exporter(to).pipe(
    Layer.provide(to.protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
    Layer.provide(client(to.timeout)),
    // What the environment says has been read; the library reads it in another way.
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map())))
  )

/** No request without a limit. */
const client = (timeout: number): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.transform((answer, request) =>
        Effect.timeoutFail(answer, {
          duration: timeout,
          onTimeout: () => new RequestError({ request, reason: "Transport", description: "timed out" })
        })
      )
    )
  ).pipe(Layer.provide(FetchHttpClient.layer))
