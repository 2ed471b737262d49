/**
 * The repositories of this server: for each a runner with the configuration as
 * it is at the moment. All of them, and their runs, live as long as the server.
 */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig, type RunnerConfigService } from "../config/RunnerConfig.ts"
import { type Problem, RunRejected } from "../domain/Problem.ts"
import { Git } from "../git/Git.ts"
import { discover } from "../git/Repository.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import { loadConfiguration } from "../run/loadConfiguration.ts"
import { Runs } from "../Runs.ts"
import { isInside, type Place, placeOf, type ServerPlace } from "./places.ts"

/** A repository, ready for a call. */
export interface Opened {
  /** Its root; the folder itself where there is no repository: the runner tells of that. */
  readonly root: string
  readonly config: RunnerConfigService
  readonly runner: CodexRunner["Type"]
  readonly runs: Runs["Type"]
}

export class Repositories extends Context.Tag("codex-runner/mcp/Repositories")<
  Repositories,
  {
    /** The repository that a call names, to start something in: with the configuration as it is now. */
    readonly toStart: (repoDir: string | undefined) => Effect.Effect<Opened, RunRejected>
    /** To look at runs: where the configuration is no good at the moment, with the last one that was. */
    readonly toLook: (repoDir: string | undefined) => Effect.Effect<Opened, RunRejected>
    /** Every repository that was used so far, once for each configuration it had. */
    readonly opened: Effect.Effect<ReadonlyArray<Opened>>
  }
>() {
  static readonly layer = (
    server: ServerPlace
  ): Layer.Layer<Repositories, never, CommandExecutor | FileSystem | Path | Scope.Scope> =>
    Layer.effect(
      Repositories,
      Effect.gen(function*() {
        const platform = yield* Effect.context<CommandExecutor | FileSystem | Path>()
        const scope = yield* Effect.scope
        const known = new Map<string, Opened>()
        const latest = new Map<string, Opened>()
        const opening = yield* Effect.makeSemaphore(1)

        const inside = (directory: string) =>
          Layer.provideMerge(
            Git.layer,
            Layer.provideMerge(Processes.layer, Layer.succeed(Host, { env: server.env, directory }))
          )

        const make = (root: string, config: RunnerConfigService) =>
          Effect.gen(function*() {
            const name = JSON.stringify([root, config])
            const before = known.get(name)
            if (before !== undefined) return before
            const services = yield* CodexRunner.layerHost.pipe(
              Layer.provide(Layer.succeed(RunnerConfig, config)),
              Layer.provide(Layer.succeed(Host, { env: server.env, directory: root })),
              Layer.buildWithScope(scope)
            )
            const opened: Opened = {
              root,
              config,
              runner: Context.get(services, CodexRunner),
              runs: Context.get(services, Runs)
            }
            known.set(name, opened)
            return opened
          })

        const open = (repoDir: string | undefined, looking: boolean) =>
          Effect.gen(function*() {
            const place = yield* Either.mapLeft(placeOf(server, repoDir), (problem) => refused(problem))
            return yield* Effect.gen(function*() {
              const root = yield* rootOf(place, repoDir)
              const config = yield* Effect.either(loadConfiguration())
              const last = latest.get(root)
              if (Either.isLeft(config) && looking && last !== undefined) return last
              const opened = yield* Effect.flatMap(config, (good) => make(root, good))
              latest.set(root, opened)
              return opened
            }).pipe(Effect.provide(inside(place.directory)))
          }).pipe(opening.withPermits(1), Effect.provide(platform))

        return Repositories.of({
          toStart: (repoDir) => open(repoDir, false),
          toLook: (repoDir) => open(repoDir, true),
          opened: Effect.sync(() => [...known.values()])
        })
      })
    )
}

const refused = (problem: Problem) => new RunRejected({ problems: [problem] })

/**
 * A folder under a root may belong to a repository above it or elsewhere (a
 * linked worktree, a planted `.git` file): then the root doesn't hold it.
 */
const rootOf = Effect.fnUntraced(function*({ directory, start, within }: Place, repoDir: string | undefined) {
  const found = yield* Effect.option(discover(directory))
  if (found._tag === "None") return directory
  const { commonDir, root } = found.value
  if (within === null || (isInside(root, within) && isInside(commonDir, within))) return root
  const own = start === undefined ? undefined : yield* Effect.option(discover(start))
  if (own?._tag === "Some" && own.value.root === root) return root
  return yield* refused({
    area: "request",
    at: "repo_dir",
    message: `${
      JSON.stringify(repoDir)
    } belongs to the repository ${root}, which is not under the roots of this server.`,
    remedy: `The user can start it with --root ${root}.`
  })
})
