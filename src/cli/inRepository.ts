/** What the commands that work in a repository share: where it is, and its configuration. */
import * as Options from "@effect/cli/Options"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as path from "node:path"
import type { RunnerConfigInput } from "../config/RunnerConfig.ts"
import { Git } from "../git/Git.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import * as Load from "../run/loadConfiguration.ts"

export const repoOption = Options.text("repo").pipe(
  Options.withDescription("The repository, or a folder in it. Default: here."),
  Options.withPseudoName("DIR"),
  Options.optional
)

export const configOption = Options.file("config").pipe(
  Options.withDescription("A file in place of the repository's .mcp-codex.json."),
  Options.withPseudoName("FILE"),
  Options.optional
)

/** git and processes, with the folder that `--repo` names as the runner's own. */
export const hostLayer = (repo: Option.Option<string>) => {
  const directory = path.resolve(Option.getOrElse(repo, () => "."))
  const host = Layer.succeed(Host, { env: process.env, directory })
  return Layer.provideMerge(Git.layer, Layer.provideMerge(Processes.layer, host))
}

export const repositoryRoot = Load.repositoryRoot

/** {@link Load.loadConfiguration} with the file that `--config` names. */
export const loadConfiguration = (file: Option.Option<string>, flags?: RunnerConfigInput) =>
  Load.loadConfiguration(Option.getOrUndefined(file), flags)
