/** The configuration of a repository: `.mcp-codex.json`, under what the user sets outside it. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { configFileName, decodeConfig, decodeWithOverrides } from "./decodeConfig.ts"
import { ConfigInvalid, readConfigFile } from "./readConfigFile.ts"
import type { RunnerConfigData, RunnerConfigInput } from "./RunnerConfigFile.ts"
import { fieldsNeedingTrust } from "./trust.ts"
import type { TrustedField } from "./trust.ts"

export type { KeepWorktrees, Limits, RunnerConfigData, RunnerConfigInput, SandboxMode } from "./RunnerConfigFile.ts"

/** Where a configuration came from, and what in it needs trust. */
export interface ConfigOrigin {
  /** The file that was read; null where there is none, or the configuration was given as a value. */
  readonly path: string | null
  /** Of the file's bytes, in hex. */
  readonly sha256: string | null
  /** What the file asks for that the user must have trusted. */
  readonly needsTrust: ReadonlyArray<TrustedField>
}

/** The configuration, and where it came from. */
export interface RunnerConfigService extends RunnerConfigData {
  readonly origin: ConfigOrigin
}

/** Which file, and what wins over it. */
export interface ConfigFileOptions {
  readonly repoRoot: string
  /** In place of the repository's own file; it must exist. */
  readonly file?: string | undefined
  /** What flags and environment variables say: they win over the file. */
  readonly overrides?: RunnerConfigInput | undefined
}

const nowhere: ConfigOrigin = { path: null, sha256: null, needsTrust: [] }

/** The configuration of a runner. */
export class RunnerConfig extends Context.Tag("codex-runner/RunnerConfig")<RunnerConfig, RunnerConfigService>() {
  /** A configuration given as a value, checked like a file. The caller's own: it needs no trust. */
  static layerValue(value: RunnerConfigInput = {}): Layer.Layer<RunnerConfig, ConfigInvalid> {
    return Layer.effect(
      RunnerConfig,
      Either.mapBoth(decodeConfig(value), {
        onLeft: (problems) => new ConfigInvalid({ path: null, problems }),
        onRight: (data) => ({ ...data, origin: nowhere })
      })
    )
  }

  /** The repository's file, or the one named; all defaults where the repository has none. */
  static layerFile(
    options: ConfigFileOptions
  ): Layer.Layer<RunnerConfig, ConfigInvalid, FileSystem.FileSystem | Path.Path> {
    return Layer.effect(RunnerConfig, loadConfig(options))
  }
}

/** What {@link RunnerConfig.layerFile} holds. */
export const loadConfig = Effect.fn("RunnerConfig.load")(function*(options: ConfigFileOptions) {
  const paths = yield* Path.Path
  const path = options.file === undefined ? paths.join(options.repoRoot, configFileName) : paths.resolve(options.file)
  const file = yield* readConfigFile(path, options.file)
  if (file === undefined && options.file !== undefined) {
    return yield* new ConfigInvalid({
      path,
      problems: [{ area: "configuration", at: options.file, message: "there is no such file (--config)" }]
    })
  }
  const invalid = Either.mapLeft((problems: ConfigInvalid["problems"]) => new ConfigInvalid({ path, problems }))
  const data = yield* invalid(decodeWithOverrides(file === undefined ? {} : file.json, options.overrides ?? {}))
  if (file === undefined) return { ...data, origin: nowhere }
  const needsTrust = fieldsNeedingTrust(yield* invalid(decodeConfig(file.json)), yield* invalid(decodeConfig({})))
  return { ...data, origin: { path, sha256: file.sha256, needsTrust } }
})

/** The fields of the repository's file that count only once the user has trusted it; none without a file. */
export const trustedFields = (config: RunnerConfigService): ReadonlyArray<TrustedField> => config.origin.needsTrust
