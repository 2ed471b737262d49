/** A run that ended before its tasks: those that have no final result run again, from the same base commit. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import * as path from "node:path"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { Problem } from "../domain/Problem.ts"
import type { TaskResult } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import { isFinal } from "../domain/RunState.ts"
import type { RunId, TaskId } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import { RepoLock } from "../git/RepoLock.ts"
import { type Repository, resolveCommit } from "../git/Repository.ts"
import { followMove } from "../git/worktreeEntries.ts"
import { Host } from "../process/Host.ts"
import { namesIn } from "../process/namesIn.ts"
import { RunBusy, RunStore } from "../store/RunStore.ts"
import { type Layout, refOf, taskFolder, worktreePlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { lastBegunAttempt } from "./earlierAttempt.ts"
import { findRun } from "./findRun.ts"
import { preflight, type Ready, reject } from "./preflight.ts"
import { asRejection } from "./rejection.ts"
import { runTasks } from "./runTasks.ts"
import { locate } from "./startRun.ts"
import { sweep, sweepLock, tellSwept } from "./sweep.ts"

/** Gives the run's result, whole. One that is completed comes back as it is. `name` as {@link findRun} takes it. */
export const resumeRun = Effect.fn("codex_runner.run")(
  function*(name: string, watch: Watch) {
    const { layout, repository } = yield* locate()
    const swept = yield* sweep(repository, layout)
    const { record, result } = yield* findRun(layout, name)
    if (result.status === "running") return yield* new RunBusy({ run_id: record.run_id })
    if (result.status === "completed") {
      yield* watch({ _tag: "RunFinished", result })
      return result
    }
    if ((yield* resolveCommit(repository, record.base_commit)) === undefined) return yield* reject([baseGone(record)])
    const { env } = yield* Host
    const ready = yield* preflight({
      request: Either.right({ ...record.request, base_ref: record.base_commit }),
      runId: record.run_id,
      repository,
      layout,
      host: env
    })
    const taken = yield* takeOver(repository, layout, record.run_id)
    if (taken._tag === "Completed") {
      yield* watch({ _tag: "RunFinished", result: taken.result })
      return taken.result
    }
    const store = yield* RunStore
    return yield* goOn({ ...ready, warnings: [...swept.map(tellSwept), ...ready.warnings] }, watch, taken).pipe(
      // Else nobody would be at it as long as this process lives, and nobody could be.
      Effect.onError(() => store.disown(layout, record.run_id))
    )
  },
  Effect.mapError(asRejection)
)

/** What has no final result, each in its thread where Codex kept that. */
const goOn = Effect.fnUntraced(function*(
  ready: Ready,
  watch: Watch,
  { kept, work }: Taken
) {
  const { codex_ephemeral } = yield* RunnerConfig
  const earlier = new Map(
    codex_ephemeral ?
      [] :
      [...work].flatMap(([id, commit]) =>
        Option.toArray(lastBegunAttempt(taskFolder(ready.layout, ready.run.runId, id)))
          .filter(({ thread }) => ready.session.hasThread(thread))
          .map(({ hasPatch, thread }) => [id, { thread, work: hasPatch ? commit : null }] as const)
      )
  )
  return yield* runTasks(ready, watch, { kept, earlier })
})

const baseGone = (run: { readonly base_commit: string; readonly run_id: RunId }): Problem => ({
  area: "environment",
  at: "base_commit",
  message: `the commit ${run.base_commit} that run "${run.run_id}" started from is no longer in the repository.`,
  remedy: "Fetch it, or start a new run."
})

/** What this process is to go on with. */
interface Taken {
  readonly _tag: "Taken"
  /** What is final. */
  readonly kept: ReadonlyArray<TaskResult>
  /** Of each other task its work so far, as a commit. */
  readonly work: ReadonlyMap<TaskId, string | null>
}

/**
 * From here on the run is this process's; of two that want it, one gets it. What is left to do is read anew: while
 * Codex was looked at, another process may have resumed the run, and ended it.
 */
const takeOver = Effect.fnUntraced(
  function*(repository: Repository, layout: Layout, runId: RunId) {
    const locks = yield* RepoLock
    const store = yield* RunStore
    const take = Effect.gen(function*() {
      const { record, result } = yield* findRun(layout, runId)
      if (result.status === "running") return yield* new RunBusy({ run_id: runId })
      if (result.status === "completed") return { _tag: "Completed" as const, result }
      const kept = result.results.filter(({ status }) => isFinal(status))
      const again = record.request.tasks.map(({ task_id }) => task_id)
        .filter((id) => !kept.some((one) => one.task_id === id))
      const made = yield* Effect.zipRight(
        store.reopen(layout, runId, again),
        Effect.forEach(
          again,
          (taskId) => Effect.map(makeRoom(repository, layout, runId, taskId), (commit) => [taskId, commit] as const)
        )
      ).pipe(
        // Half taken is not taken; but what is another's stays so.
        Effect.onError((cause) => isBusy(cause) ? Effect.void : store.disown(layout, runId))
      )
      return { _tag: "Taken", kept, work: new Map(made) } satisfies Taken
    })
    return yield* locks.withLock(sweepLock(layout))(take)
  }
)

const isBusy = (cause: Cause.Cause<{ readonly _tag: string }>): boolean =>
  Option.exists(Cause.failureOption(cause), ({ _tag }) => _tag === "RunBusy")

/**
 * What an earlier attempt had done makes way for the next one's, and stays: its ref, and its worktree where it was kept.
 * Gives the latest of that work; it need not be the last attempt's, which may have ended before its Codex began.
 */
const makeRoom = Effect.fnUntraced(function*(repository: Repository, layout: Layout, runId: RunId, taskId: TaskId) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  const locks = yield* RepoLock
  const trash = yield* Trash
  const ref = refOf(runId, taskId)
  const commit = yield* resolveCommit(repository, ref)
  const places = worktreePlaces(layout, runId, taskId)
  const earlier = yield* git.text({
    target: repository.target,
    args: ["for-each-ref", "--format=%(refname)", `${ref}@*`]
  })
  const refs = earlier.split("\n")
  const attempt = 1 + lastAttempt([...refs, ...namesIn(path.dirname(places.worktree))])
  if (commit !== undefined) {
    yield* git.run({
      target: repository.target,
      args: ["update-ref", "--stdin"],
      stdin: new TextEncoder().encode(`create ${ref}@${attempt} ${commit}\ndelete ${ref} ${commit}\n`)
    })
  }
  if (existsSync(places.worktree)) {
    const kept = `${places.worktree}@${attempt}`
    yield* fs.rename(places.worktree, kept)
    // Else git takes the place for that worktree's still.
    yield* locks.withLock(layout.lock)(Effect.sync(() => followMove(repository, places.worktree, kept)))
  }
  for (const folder of [places.gitDir, places.scratch]) yield* trash.discard(folder, places.trash)
  return commit ?? (yield* resolveCommit(repository, `${ref}@${lastAttempt(refs)}`)) ?? null
})

/** The highest number after an `@`; 0 where there is none. */
const lastAttempt = (names: ReadonlyArray<string>): number =>
  Math.max(0, ...names.map((name) => Number(/@(\d+)$/.exec(name)?.[1] ?? 0)))
