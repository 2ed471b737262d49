/** What the `OTEL_*` variables ask for, as OpenTelemetry's specification has them. */

type Environment = Readonly<Record<string, string | undefined>>

export type Signal = "traces" | "metrics"

/** Where one signal goes. */
export interface Destination {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly protocol: "http/json" | "http/protobuf"
  /** Milliseconds that one request may take. */
  readonly timeout: number
}

export interface TelemetrySettings {
  readonly traces: Destination | undefined
  readonly metrics: Destination | undefined
  readonly serviceName: string
  readonly resource: Readonly<Record<string, string>>
  /** What can't be done as asked, for the log. */
  readonly faults: ReadonlyArray<string>
}

const defaultTimeout = 10_000

/** Nothing where nothing is asked for: then nothing needs to be loaded. */
export const telemetrySettings = (env: Environment): TelemetrySettings | undefined => {
  if (env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return undefined
  const faults: Array<string> = []
  const traces = destination(env, "traces", faults)
  const metrics = destination(env, "metrics", faults)
  if (traces === undefined && metrics === undefined && faults.length === 0) return undefined
  const { "service.name": named, ...resource } = pairs(env["OTEL_RESOURCE_ATTRIBUTES"])
  return {
    traces,
    metrics,
    serviceName: given(env, "OTEL_SERVICE_NAME") ?? named ?? "codex-runner",
    resource,
    faults
  }
}

/** An empty variable counts as none. */
const given = (env: Environment, name: string): string | undefined => {
  const value = env[name]?.trim()
  return value === "" ? undefined : value
}

const destination = (env: Environment, signal: Signal, faults: Array<string>): Destination | undefined => {
  const own = (setting: string) => `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${setting}`
  const either = (setting: string) => given(env, own(setting)) ?? given(env, `OTEL_EXPORTER_OTLP_${setting}`)
  const exporter = given(env, `OTEL_${signal.toUpperCase()}_EXPORTER`) ?? "otlp"
  const base = given(env, "OTEL_EXPORTER_OTLP_ENDPOINT")
  const url = given(env, own("ENDPOINT")) ??
    (base === undefined ? undefined : `${base.replace(/\/+$/, "")}/v1/${signal}`)
  if (url === undefined || exporter === "none") return undefined
  const fault = (text: string) => {
    faults.push(`no ${signal} are exported: ${text}`)
    return undefined
  }
  if (exporter !== "otlp") return fault(`there is no exporter "${exporter}", only otlp and none`)
  if (!URL.canParse(url) || !/^https?:/.test(url)) return fault("the endpoint is no http or https address")
  const protocol = either("PROTOCOL") ?? "http/json"
  if (protocol !== "http/json" && protocol !== "http/protobuf") {
    return fault(`there is no protocol "${protocol}", only http/json and http/protobuf`)
  }
  const timeout = Number(either("TIMEOUT") ?? defaultTimeout)
  return {
    url,
    protocol,
    headers: { ...pairs(env["OTEL_EXPORTER_OTLP_HEADERS"]), ...pairs(env[own("HEADERS")]) },
    timeout: Number.isFinite(timeout) && timeout > 0 ? timeout : defaultTimeout
  }
}

/** `key=value,key2=value2`, percent-encoded where it must be. */
const pairs = (text: string | undefined): Record<string, string> =>
  Object.fromEntries(
    (text ?? "").split(",").flatMap((pair) => {
      const at = pair.indexOf("=")
      return at <= 0 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]]
    })
  )

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
