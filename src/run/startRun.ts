/** From a request to a run: the repository found, everything checked, then the tasks. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { randomBytes } from "node:crypto"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { decode } from "../domain/decode.ts"
import { type Problem, RunRejected } from "../domain/Problem.ts"
import type { RunResult } from "../domain/Result.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import { RunRequest } from "../domain/Task.ts"
import { discover, type Repository } from "../git/Repository.ts"
import { makeRunId } from "../policy/admission.ts"
import { Host } from "../process/Host.ts"
import { RunStore } from "../store/RunStore.ts"
import { type Layout, layoutOf, openStateFolder, stateFolder } from "../store/stateFolder.ts"
import { requireTrust } from "./configTrust.ts"
import { type Checked, checkGit, checkNode, preflight, problemsOf, reject } from "./preflight.ts"
import { runTasks } from "./runTasks.ts"

/** Decodes a request as it came over a wire, every problem at once. */
export const decodeRequest = decode(RunRequest, { area: "request", root: "request" })

/** The repository around the folder the runner was started in, and where its runs are kept. */
export const locate = Effect.fn("locate")(
  function*() {
    const { directory, env } = yield* Host
    const config = yield* RunnerConfig
    const repository = yield* discover(directory)
    // Before anything that the file says is acted upon, and be it where the state is kept.
    yield* requireTrust(repository)
    const state = yield* openStateFolder(stateFolder(config.state_dir, env), repository, env)
    return { repository, layout: layoutOf(state, repository) }
  },
  Effect.catchTags({
    NotARepository: (error) =>
      Effect.fail(
        rejected(
          "repository",
          sentence(error.message),
          "Start codex-runner inside a git repository, or name one with --repo."
        )
      ),
    SpawnFailed: (error) =>
      Effect.fail(
        error.missing === "cwd"
          ? rejected("repository", `there is no folder ${error.cwd}.`, "Name one that is there with --repo.")
          : rejected("git", sentence(error.message), "Install git.")
      ),
    StateFolderRefused: (error) => Effect.fail(rejected("state_dir", error.message))
  })
)

const sentence = (text: string): string => /[.!?]$/.test(text) ? text : `${text}.`

const rejected = (at: string, message: string, remedy?: string): RunRejected => {
  const problem: Problem = { area: "environment", at, message, ...(remedy === undefined ? {} : { remedy }) }
  return new RunRejected({ problems: [problem] })
}

/**
 * Runs a request to its end. `watch` is told everything that happens, in order.
 * A `run_id` that is there already with the same request gives that run back.
 */
export const startRun = Effect.fn("startRun")(function*(
  request: RunRequest,
  watch: (event: RunEvent) => Effect.Effect<void>
) {
  const checked = decodeRequest(request)
  const located = yield* Effect.either(locate())
  if (Either.isLeft(located)) return yield* reject([...problemsOf(checked), ...(yield* nowhereToRun(located.left))])
  const { layout, repository } = located.right
  const earlier = Either.isRight(checked) ? yield* findEarlier(layout, checked.right) : Option.none<RunResult>()
  if (Option.isSome(earlier)) {
    yield* watch({ _tag: "RunFinished", result: earlier.value })
    return earlier.value
  }
  return yield* fresh(checked, repository, layout, watch)
})

/** A git that is missing or too old finds no repository either: then that is what is told. */
const nowhereToRun = Effect.fnUntraced(function*(located: RunRejected) {
  const { env } = yield* Host
  const git = yield* checkGit(env)
  const others = git.length === 0
    ? located.problems
    : located.problems.filter(({ at }) => at !== "repository" && at !== "git")
  return [...(yield* checkNode), ...git, ...others]
})

const fresh = Effect.fnUntraced(
  function*(
    request: Checked<RunRequest>,
    repository: Repository,
    layout: Layout,
    watch: (event: RunEvent) => Effect.Effect<void>
  ) {
    const { env } = yield* Host
    const named = Either.isRight(request) ? request.right.run_id : undefined
    const runId = named ?? makeRunId(new Date(yield* Clock.currentTimeMillis), randomBytes(4).toString("hex"))
    const ready = yield* preflight({ request, runId, repository, layout, host: env })
    return yield* runTasks(ready, watch)
  },
  Effect.catchTags({
    RunExists: (error) => Effect.fail(rejectedRequest(error.message)),
    StoreFailed: (error) => Effect.fail(rejected("state_dir", error.message)),
    GitFailed: (error) => Effect.fail(rejected("repository", error.message)),
    SpawnFailed: (error) => Effect.fail(rejected("git", error.message)),
    WorktreeFailed: (error) => Effect.fail(rejected("worktree", error.message))
  })
)

const rejectedRequest = (message: string) => new RunRejected({ problems: [{ area: "request", at: "run_id", message }] })

const findEarlier = Effect.fnUntraced(function*(layout: Layout, request: RunRequest) {
  if (request.run_id === undefined) return Option.none<RunResult>()
  const store = yield* RunStore
  const stored = yield* store.find(layout, request.run_id).pipe(
    Effect.mapError((error) => rejected("state_dir", error.message))
  )
  if (Option.isNone(stored)) return Option.none<RunResult>()
  if (canonical(stored.value.record.request) !== canonical(request)) {
    return yield* rejectedRequest(
      `run "${request.run_id}" exists already, with another request. Choose another run_id, or leave it out.`
    )
  }
  return Option.some(stored.value.result)
})

/** One text for equal requests, whatever the order of their fields. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1))
      : inner)
