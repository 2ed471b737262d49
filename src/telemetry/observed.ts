/** What a program tells of itself while it works: log lines, and spans and metrics where the environment asks for them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { attribute } from "./attributes.ts"
import { type Level, levelOf, levels } from "./levels.ts"
import { logging } from "./logging.ts"
import { telemetrySettings } from "./settings.ts"
import { parentIn } from "./traceContext.ts"

type Environment = Readonly<Record<string, string | undefined>>

export interface Observation {
  readonly env: Environment
  /** Wins over `CODEX_RUNNER_LOG_LEVEL`. */
  readonly level?: Level | undefined
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string
}

const levelVariable = "CODEX_RUNNER_LOG_LEVEL"

/** Log lines and, where `OTEL_*` variables ask for them, spans and metrics: these are sent off when the scope closes. */
export const observation = ({ env, level, mask }: Observation): Layer.Layer<never> => {
  const word = env[levelVariable] ?? ""
  const lines = logging(level ?? levelOf(word) ?? "warning", mask)
  const settings = telemetrySettings(env)
  const faults = [
    ...(word.trim() === "" || levelOf(word) !== undefined ? [] : [`${levelVariable} is none of ${levels.join(", ")}`]),
    ...(settings?.faults ?? [])
  ]
  const warnings = Layer.effectDiscard(Effect.forEach(faults, (fault) => Effect.logWarning(fault), { discard: true }))
  if (settings === undefined) {
    // Spans that nobody takes cost a run a twentieth of its own time.
    return Layer.merge(Layer.provideMerge(warnings, lines), Layer.setTracerEnabled(false))
  }
  // Whoever started this has decided for the whole trace.
  const isWanted = Option.match(parentIn(env), { onNone: () => true, onSome: ({ sampled }) => sampled })
  const exporters = Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("./otlp.ts")),
      (otlp) => otlp.exporters(isWanted ? settings : { ...settings, traces: undefined }, withoutHome(env, mask))
    )
  )
  return Layer.provideMerge(Layer.merge(exporters, warnings), lines)
}

/** Log lines stay on this machine; who its user is concerns no collector. */
const withoutHome = (env: Environment, mask: (text: string) => string): (text: string) => string => {
  const home = env["HOME"] ?? ""
  return home.length < 2 ? mask : (text) => mask(text).replaceAll(home, "~")
}

/** What was asked of a program, in the outermost of its spans. */
export const asCommand = (command: string, env: Environment) => <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const parent = Option.getOrUndefined(parentIn(env))
  return Effect.withSpan(effect, "codex_runner.command", {
    attributes: { [attribute.command]: command },
    ...(parent === undefined ? {} : { parent })
  })
}

/** A whole program, seen. */
export const observed =
  (command: string, options: Observation) => <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    program.pipe(asCommand(command, options.env), Effect.provide(observation(options)))
