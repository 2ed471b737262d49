/** The configuration that a run has, from everywhere that it can be set. */
import * as Effect from "effect/Effect"
import { overridesFromEnv } from "../config/environmentOverrides.ts"
import { loadConfig, type RunnerConfigInput } from "../config/RunnerConfig.ts"
import { RunRejected } from "../domain/Problem.ts"
import { discover } from "../git/Repository.ts"
import { Host } from "../process/Host.ts"

/** The root of the repository around the folder; the folder itself where there is none: others tell of that. */
export const repositoryRoot = Effect.gen(function*() {
  const { directory } = yield* Host
  return yield* discover(directory).pipe(
    Effect.map((repository) => repository.root),
    Effect.orElseSucceed(() => directory)
  )
})

/** Flags, then environment variables, then the file (the repository's unless one is named), then defaults. Every problem at once. */
export const loadConfiguration = Effect.fn("loadConfiguration")(
  function*(file?: string, flags: RunnerConfigInput = {}) {
    const { env } = yield* Host
    const repoRoot = yield* repositoryRoot
    const [overrides, config] = yield* Effect.all([
      Effect.mapError(overridesFromEnv(env), (problems) => ({ problems })),
      Effect.flatMap(
        Effect.orElseSucceed(overridesFromEnv(env), (): RunnerConfigInput => ({})),
        (given) => loadConfig({ repoRoot, file, overrides: { ...given, ...flags } })
      )
    ], { mode: "either" })
    if (overrides._tag === "Right" && config._tag === "Right") return config.right
    const [first, ...rest] = [overrides, config].flatMap((one) => one._tag === "Left" ? one.left.problems : [])
    return yield* first === undefined
      ? Effect.dieMessage("no problem")
      : new RunRejected({ problems: [first, ...rest] })
  }
)
