/** Raw JSON, and what was set outside the file, to a whole configuration. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { decode } from "../domain/decode.ts"
import type { Problem } from "../domain/Problem.ts"
import { defaultLimits, Limits, RunnerConfigFile, runnerConfigFile } from "./RunnerConfigFile.ts"
import type { RunnerConfigData, RunnerConfigInput } from "./RunnerConfigFile.ts"

export const configFileName = ".mcp-codex.json"

type Decoded<A> = Either.Either<A, NonEmptyReadonlyArray<Problem>>

const readLimits = Schema.decodeUnknownOption(
  Schema.Struct({ limits: Schema.optionalWith(Limits, { default: () => defaultLimits }) })
)

/** What a configuration says: defaults filled, every range within its own `limits`. */
export const decodeConfig = (raw: unknown): Decoded<RunnerConfigData> => {
  // Limits that are themselves wrong are told as such, and bound nothing.
  const schema = Option.match(readLimits(raw), {
    onNone: () => RunnerConfigFile,
    onSome: ({ limits }) => runnerConfigFile(limits)
  })
  return Either.map(
    decode(schema, { area: "configuration", root: configFileName })(raw),
    ({ $schema: _, ...data }) => ({
      ...data,
      sandbox_mode: data.sandbox_mode ?? (data.codex_full_auto ? "workspace-write" : "read-only")
    })
  )
}

/** {@link decodeConfig} with some fields set elsewhere, which win over the file's. */
export const decodeWithOverrides = (raw: unknown, overrides: RunnerConfigInput): Decoded<RunnerConfigData> =>
  Either.flatMap(decodeConfig(raw), (data) => {
    const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
    if (Object.keys(given).length === 0) return Either.right(data)
    return Either.mapLeft(
      decodeConfig({ ...(typeof raw === "object" ? raw : {}), ...given }),
      Arr.map((problem) => ({ ...problem, message: `${problem.message} (set by a flag or an environment variable)` }))
    )
  })
