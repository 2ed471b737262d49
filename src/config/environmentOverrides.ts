/** What the user's environment sets in place of the file. */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import { decode } from "../domain/decode.ts"
import type { Problem } from "../domain/Problem.ts"
import { RunnerConfigFile } from "./RunnerConfigFile.ts"
import type { RunnerConfigInput } from "./RunnerConfigFile.ts"

/** Each variable and the field that it sets. */
const variables = {
  CODEX_RUNNER_CONCURRENCY: "default_concurrency",
  CODEX_RUNNER_TIMEOUT_SEC: "default_timeout_sec",
  CODEX_RUNNER_STATE_DIR: "state_dir",
  CODEX_RUNNER_CODEX_COMMAND: "codex_command",
  CODEX_RUNNER_MODEL: "codex_model",
  CODEX_RUNNER_KEEP_WORKTREES: "keep_worktrees"
} as const

const numeric = new Set<string>(["default_concurrency", "default_timeout_sec"])

const Overrides = RunnerConfigFile.pick(...Object.values(variables))

/** The fields that environment variables set; each problem names the variable. An empty variable counts as none. */
export const overridesFromEnv = (
  env: Readonly<Record<string, string | undefined>>
): Either.Either<RunnerConfigInput, Arr.NonEmptyReadonlyArray<Problem>> => {
  const given = Object.entries(variables).flatMap(([variable, field]) => {
    const value = env[variable]
    if (value === undefined || value === "") return []
    return [[field, numeric.has(field) && /^\d{1,9}$/.test(value) ? Number(value) : value] as const]
  })
  const variableOf = (field: string) => Object.entries(variables).find(([, name]) => name === field)?.[0] ?? field
  return Either.mapBoth(decode(Overrides, { area: "configuration", root: "environment" })(Object.fromEntries(given)), {
    onLeft: Arr.map((problem) => ({ ...problem, at: variableOf(problem.at) })),
    // Only what was given: a default filled in here would win over the file.
    onRight: (decoded): RunnerConfigInput =>
      Object.fromEntries(Object.entries(decoded).filter(([name]) => given.some(([field]) => field === name)))
  })
}
