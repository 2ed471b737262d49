/** From a request to a run: the repository found, everything checked, then the tasks. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { randomBytes } from "node:crypto"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { Problem } from "../domain/Problem.ts"
import type { RunResult } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import { type RunId, type RunRequest, safeName } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import { discover, type Repository } from "../git/Repository.ts"
import { makeRunId, readRequest } from "../policy/admission.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import { Host } from "../process/Host.ts"
import { RunStore } from "../store/RunStore.ts"
import { type Layout, layoutOf, openStateFolder, stateFolder } from "../store/stateFolder.ts"
import { setRightAtStart } from "./applyRecovery.ts"
import { requireTrust } from "./configTrust.ts"
import { nowhereToRun } from "./nowhereToRun.ts"
import { type Checked, preflight, problemsOf, reject } from "./preflight.ts"
import { asRejection, rejected, rejectedRequest, sentence } from "./rejection.ts"
import { runTasks } from "./runTasks.ts"
import { sweep, tellSwept } from "./sweep.ts"

/** The repository around the folder the runner was started in, and where its runs are kept. */
export const locate = Effect.fn("locate")(
  function*() {
    const { directory, env } = yield* Host
    const config = yield* RunnerConfig
    const repository = yield* discover(directory)
    // Before anything in the file counts, the place of the state folder included.
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

/**
 * Runs a request to its end. `watch` is told everything that happens, in order.
 * A `run_id` that is there already with the same request gives that run back.
 */
export const startRun = Effect.fn("codex_runner.run")(function*(
  request: RunRequest,
  watch: Watch
) {
  const checked = readRequest(request, yield* RunnerConfig)
  const policy = yield* SecurityPolicy
  const { layout, repository } = yield* locateFor(checked, Either.isRight(checked) ? policy.check(checked.right) : [])
  const earlier = Either.isRight(checked)
    ? yield* findEarlier(layout, repository, checked.right)
    : Option.none<RunResult>()
  if (Option.isSome(earlier)) {
    yield* watch({ _tag: "RunFinished", result: earlier.value })
    return earlier.value
  }
  const swept = yield* sweep(repository, layout)
  const notes = [...swept.map(tellSwept), ...(yield* setRightAtStart(layout, repository))]
  return yield* fresh(checked, repository, layout, notes, watch).pipe(
    // Somebody asked for the same at the same time, and was first.
    Effect.catchTag("RunExists", (taken) =>
      Either.isLeft(checked)
        ? Effect.fail(asRejection(taken))
        : findEarlier(layout, repository, checked.right).pipe(
          Effect.flatMap(Option.match({ onNone: () => Effect.fail(taken), onSome: Effect.succeed })),
          // Its record is a moment younger than its folder.
          Effect.retry({
            while: ({ _tag }) => _tag === "RunExists",
            schedule: Schedule.spaced("50 millis"),
            times: 40
          }),
          Effect.mapError(asRejection)
        ))
  )
})

/** Where there is nowhere to run, the request's own problems are told as well: those of its form, and `more`. */
export const locateFor = Effect.fnUntraced(function*(request: Checked<unknown>, more: ReadonlyArray<Problem> = []) {
  const located = yield* Effect.either(locate())
  if (Either.isRight(located)) return located.right
  return yield* reject([...problemsOf(request), ...more, ...(yield* nowhereToRun(located.left))])
})

const fresh = Effect.fnUntraced(
  function*(
    request: Checked<RunRequest>,
    repository: Repository,
    layout: Layout,
    notes: ReadonlyArray<string>,
    watch: Watch
  ) {
    const { env } = yield* Host
    const named = Either.isRight(request) ? request.right.run_id : undefined
    const runId = named ?? makeRunId(new Date(yield* Clock.currentTimeMillis), randomBytes(4).toString("hex"))
    const ready = yield* preflight({ request, runId, repository, layout, host: env })
    return yield* runTasks({ ...ready, warnings: [...notes, ...ready.warnings] }, watch)
  },
  Effect.mapError((error) => error._tag === "RunExists" ? error : asRejection(error))
)

const findEarlier = Effect.fnUntraced(function*(layout: Layout, repository: Repository, request: RunRequest) {
  if (request.run_id === undefined) return Option.none<RunResult>()
  const store = yield* RunStore
  const stored = yield* store.find(layout, request.run_id).pipe(
    Effect.mapError((error) => rejected("state_dir", error.message))
  )
  if (Option.isNone(stored)) {
    yield* refuseTakenRefs(repository, request.run_id)
    return Option.none<RunResult>()
  }
  if (canonical(stored.value.record.request) !== canonical(request)) {
    return yield* rejectedRequest(
      "run_id",
      `run "${request.run_id}" exists already, with another request. Choose another run_id, or leave it out.`
    )
  }
  return Option.some(stored.value.result)
})

/** Work of a run that is on record in another state folder, or in none any more: the new one's would take its place. */
const refuseTakenRefs = Effect.fnUntraced(function*(repository: Repository, runId: RunId) {
  const git = yield* Git
  const prefix = `refs/codex-runner/${safeName(runId)}/`
  const refs = yield* git.text({
    target: repository.target,
    args: ["for-each-ref", "--format=%(refname)", prefix]
  }).pipe(Effect.mapError(asRejection))
  if (refs.split("\n").every((ref) => ref === "" || ref === `${prefix}@base`)) return
  return yield* rejectedRequest(
    "run_id",
    `there is work of an earlier run "${runId}" under ${prefix}, though no record of it here. Choose another run_id, ` +
      `or look at the work and delete its refs (git update-ref -d).`
  )
})

/** One text for equal requests, whatever the order of their fields. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1))
      : inner)
