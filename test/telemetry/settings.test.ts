import { assert, describe, it } from "@effect/vitest"
import { telemetrySettings } from "../../src/telemetry/settings.ts"

const all = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }

describe("what the OTEL_* variables ask for", () => {
  it("is nothing where none names a collector, or the whole is switched off", () => {
    assert.isUndefined(telemetrySettings({}))
    assert.isUndefined(telemetrySettings({ OTEL_SERVICE_NAME: "x", OTEL_EXPORTER_OTLP_ENDPOINT: " " }))
    assert.isUndefined(telemetrySettings({ ...all, OTEL_SDK_DISABLED: "TRUE" }))
    assert.isUndefined(telemetrySettings({ ...all, OTEL_TRACES_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" }))
  })

  it("one endpoint serves both signals, each under its path", () => {
    for (const slash of ["", "/", "//"]) {
      const settings = telemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://c.example/otlp${slash}` })
      assert.strictEqual(settings?.traces?.url, "https://c.example/otlp/v1/traces")
      assert.strictEqual(settings?.metrics?.url, "https://c.example/otlp/v1/metrics")
    }
  })

  it("a signal's own endpoint is taken as it is, and wins", () => {
    const settings = telemetrySettings({ ...all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://other/spans" })
    assert.strictEqual(settings?.traces?.url, "http://other/spans")
    assert.strictEqual(settings?.metrics?.url, "http://collector:4318/v1/metrics")
  })

  it("only one signal where only one has an endpoint, or the other none", () => {
    const alone = telemetrySettings({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://c/m" })
    assert.deepStrictEqual([alone?.traces, alone?.metrics?.url], [undefined, "http://c/m"])
    const without = telemetrySettings({ ...all, OTEL_METRICS_EXPORTER: "none" })
    assert.deepStrictEqual([without?.metrics, without?.traces?.url], [undefined, "http://collector:4318/v1/traces"])
  })

  it("headers are decoded, a signal's own are added", () => {
    const settings = telemetrySettings({
      ...all,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a%3Db, x-team = blue ,broken,=x",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-team=red,percent=100%"
    })
    assert.deepStrictEqual(settings?.metrics?.headers, { authorization: "Bearer a=b", "x-team": "blue" })
    assert.deepStrictEqual(settings?.traces?.headers, {
      authorization: "Bearer a=b",
      "x-team": "red",
      percent: "100%"
    })
  })

  it("the service's name: its variable, the resource, ours", () => {
    const nameOf = (env: Record<string, string>) => telemetrySettings({ ...all, ...env })?.serviceName
    const OTEL_RESOURCE_ATTRIBUTES = "service.name=ours,deployment.environment.name=ci"
    assert.strictEqual(nameOf({}), "codex-runner")
    assert.strictEqual(nameOf({ OTEL_RESOURCE_ATTRIBUTES }), "ours")
    assert.strictEqual(nameOf({ OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: "theirs" }), "theirs")
    // Once, not as an attribute as well.
    assert.deepStrictEqual(telemetrySettings({ ...all, OTEL_RESOURCE_ATTRIBUTES })?.resource, {
      "deployment.environment.name": "ci"
    })
  })

  it("protocol and time limit, a signal's own first; nonsense leaves the default", () => {
    const settings = telemetrySettings({
      ...all,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "soon"
    })
    assert.deepInclude(settings?.traces, { protocol: "http/protobuf", timeout: 2500 })
    assert.deepInclude(settings?.metrics, { protocol: "http/json", timeout: 10_000 })
  })

  it("what can't be done is said, and the value, which may hold a key, is not", () => {
    const faults = (env: Record<string, string>) => telemetrySettings(env)?.faults
    assert.deepStrictEqual(faults({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "collector:4318?key=secret" }), [
      "no traces are exported: the endpoint is no http or https address"
    ])
    assert.deepStrictEqual(faults({ ...all, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }), [
      "no traces are exported: there is no protocol \"grpc\", only http/json and http/protobuf",
      "no metrics are exported: there is no protocol \"grpc\", only http/json and http/protobuf"
    ])
    assert.deepStrictEqual(faults({ ...all, OTEL_METRICS_EXPORTER: "prometheus" }), [
      "no metrics are exported: there is no exporter \"prometheus\", only otlp and none"
    ])
  })
})
