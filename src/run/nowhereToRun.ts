/** Where there is no repository to run in, everything else is looked at all the same: one answer tells all. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { Codex } from "../codex/Codex.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { RunRejected } from "../domain/Problem.ts"
import { Host } from "../process/Host.ts"
import { checkGit, checkNode } from "./preflight.ts"
import { environmentProblem, providerKeyProblems } from "./providerKey.ts"

/** What `located` says, and what else is wrong. A git that is missing or too old finds no repository either: then that is what is told. */
export const nowhereToRun = Effect.fn("nowhereToRun")(function*(located: RunRejected) {
  const { env } = yield* Host
  const config = yield* RunnerConfig
  const git = yield* checkGit(env)
  const others = git.length === 0
    ? located.problems
    : located.problems.filter(({ at }) => at !== "repository" && at !== "git")
  return [
    ...(yield* checkNode),
    ...git,
    ...others,
    // A program that only an untrusted file names is not started, not even to look at it.
    ...(config.origin.needsTrust.length > 0 ? [] : yield* checkCodex(env))
  ]
})

/** Codex, and whether it is authenticated; what is learned of it is kept nowhere, for there is no state folder. */
const checkCodex = Effect.fnUntraced(
  function*(env: Readonly<Record<string, string | undefined>>) {
    const fs = yield* FileSystem.FileSystem
    const codex = yield* Codex
    const config = yield* RunnerConfig
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "codex-runner-" })
    yield* codex.open({ home: `${folder}/home`, cacheFolder: folder })
    return providerKeyProblems(config.codex_config, config.env_passthrough, env)
  },
  Effect.scoped,
  Effect.catchTags({
    // It could not be looked at; the next start says more.
    SystemError: () => Effect.succeed([]),
    BadArgument: () => Effect.succeed([]),
    CodexMissing: (error) => Effect.succeed([environmentProblem("codex", error.message)]),
    CodexUnusable: (error) => Effect.succeed([environmentProblem("codex", error.message)]),
    NotAuthenticated: (error) => Effect.succeed([environmentProblem("auth", error.message)])
  })
)
