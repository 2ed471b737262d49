/** What the commands that work in a repository share: where it is, and its configuration. */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as path from "node:path"
import { overridesFromEnv } from "../config/environmentOverrides.ts"
import { loadConfig, type RunnerConfigInput } from "../config/RunnerConfig.ts"
import { RunRejected } from "../domain/Problem.ts"
import { Git } from "../git/Git.ts"
import { discover } from "../git/Repository.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"

export const repoOption = Options.text("repo").pipe(
  Options.withDescription("The repository, or a folder in it. Default: the working folder."),
  Options.withPseudoName("DIR"),
  Options.optional
)

export const configOption = Options.file("config").pipe(
  Options.withDescription("A configuration file in place of the repository's .mcp-codex.json."),
  Options.withPseudoName("FILE"),
  Options.optional
)

/** git and processes, with the folder that `--repo` names as the runner's own. */
export const hostLayer = (repo: Option.Option<string>) => {
  const directory = path.resolve(Option.getOrElse(repo, () => "."))
  const host = Layer.succeed(Host, { env: process.env, directory })
  return Layer.provideMerge(Git.layer, Layer.provideMerge(Processes.layer, host))
}

/** The root of the repository around the folder; the folder itself where there is none: others tell of that. */
export const repositoryRoot = Effect.gen(function*() {
  const { directory } = yield* Host
  return yield* discover(directory).pipe(
    Effect.map((repository) => repository.root),
    Effect.orElseSucceed(() => directory)
  )
})

/** The configuration: flags, then environment variables, then the file, then defaults. Every problem at once. */
export const loadConfiguration = Effect.fn("cli.loadConfiguration")(
  function*(file: Option.Option<string>, flags: RunnerConfigInput = {}) {
    const { env } = yield* Host
    const repoRoot = yield* repositoryRoot
    const [overrides, config] = yield* Effect.all([
      Effect.mapError(overridesFromEnv(env), (problems) => ({ problems })),
      Effect.flatMap(
        Effect.orElseSucceed(overridesFromEnv(env), (): RunnerConfigInput => ({})),
        (given) => loadConfig({ repoRoot, file: Option.getOrUndefined(file), overrides: { ...given, ...flags } })
      )
    ], { mode: "either" })
    if (overrides._tag === "Right" && config._tag === "Right") return config.right
    const [first, ...rest] = [overrides, config].flatMap((one) => one._tag === "Left" ? one.left.problems : [])
    return yield* first === undefined
      ? Effect.dieMessage("no problem")
      : new RunRejected({ problems: [first, ...rest] })
  }
)
