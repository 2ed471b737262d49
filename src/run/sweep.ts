/**
 * Sets right what a runner that died left behind: what still lives of it is
 * ended, what its tasks changed becomes a commit under their refs, and only then
 * their worktrees go. Runs of other processes that live are left alone, and so
 * is everything that is not codex-runner's own.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync, readdirSync, rmSync, statSync } from "node:fs"
import * as path from "node:path"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { safeName } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import { RepoLock } from "../git/RepoLock.ts"
import { readBaseTree, type Repository } from "../git/Repository.ts"
import { removeEntry, worktreeEntries } from "../git/worktreeEntries.ts"
import { reviewId } from "../policy/admission.ts"
import { namesIn } from "../process/namesIn.ts"
import { finishDraft } from "../store/durable.ts"
import { resultIn, sweptMark } from "../store/marks.ts"
import { isOwned } from "../store/owner.ts"
import { isLeftBehind } from "../store/ownMark.ts"
import type { RunRecord } from "../store/readRun.ts"
import { isOnRecord } from "../store/records.ts"
import { codexHomeOf, type Layout, reviewFolder, taskFolder } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { begunTasks, type DeadRun, findRuns } from "./deadRuns.ts"
import { placesOf } from "./forgetRun.ts"
import { sweepQuarantines } from "./quarantine.ts"
import { type Rescued, rescueTask } from "./rescue.ts"

/** What became of a run that was found dead. */
export interface Swept extends Omit<Rescued, "failed"> {
  readonly runId: string
}

/** In words, for whoever starts the next run. */
export const tellSwept = ({ kept, runId, saved }: Swept): string =>
  [
    `the runner of run "${runId}" had died; what it left behind was cleared away`,
    ...(saved.length === 0 ? [] : [`work of unfinished tasks is kept in ${saved.join(", ")}`]),
    ...(kept.length === 0 ? [] : [`not all of it could be captured, so these worktrees stay: ${kept.join(", ")}`])
  ].join("; ")

/** Held while it is decided whose a run is that nobody is at. */
export const sweepLock = (layout: Layout): string => path.join(layout.root, "sweep.lock")

/** Never fails: what can't be set right now is left for the next start, and never touched without need. */
export const sweep = Effect.fn("sweep")(
  function*(repository: Repository, layout: Layout) {
    const locks = yield* RepoLock
    if (!existsSync(layout.root)) return []
    const found = findRuns(layout)
    const swept = found.dead.length === 0
      ? []
      : yield* locks.withLock(sweepLock(layout))(
        // Another process may have been at it while this one waited.
        Effect.suspend(() => Effect.forEach(findRuns(layout).dead, (run) => sweepRun(repository, layout, run)))
      )
    yield* sweepReviews(repository, layout)
    yield* removeStaleEntries(repository, layout)
    yield* removeStaleFolders(layout)
    yield* sweepQuarantines(layout)
    yield* removeOldLogs(layout)
    return swept.flat()
  },
  Effect.catchAllCause((cause) =>
    Effect.as(Effect.logWarning("could not clear away what dead runs left behind", cause), [])
  )
)

const sweepRun = Effect.fnUntraced(
  function*(repository: Repository, layout: Layout, run: DeadRun) {
    const trash = yield* Trash
    const fs = yield* FileSystem.FileSystem
    if (Option.isNone(run.record)) {
      yield* trash.discard(run.folder, layout.trash)
      return []
    }
    const record = run.record.value
    // What was asked of the run counts, not what is asked of whoever comes after.
    const config = { ...yield* RunnerConfig, ...record.settings }
    const folders = record.request.tasks.map(({ task_id }) => taskFolder(layout, record.run_id, task_id))
    for (const folder of [run.folder, ...folders]) {
      finishDraft(resultIn(folder), (result) => isOnRecord(run.folder, result))
    }
    const begun = begunTasks(run)
    const base = yield* Effect.option(readBaseTree(repository, record.base_commit))
    const runId = record.run_id
    for (const file of refLocks(repository, runId)) yield* Effect.ignore(fs.remove(file))
    const tasks = yield* Effect.forEach(
      record.request.tasks,
      ({ task_id }) => rescueTask({ repository, layout, runId, taskId: task_id, base, begun: begun(task_id) })
    ).pipe(Effect.provideService(RunnerConfig, config))
    const saved = tasks.flatMap((task) => task.saved)
    const kept = tasks.flatMap((task) => task.kept)
    yield* Effect.provideService(releaseRun(repository, layout, record), RunnerConfig, config)
    for (const draft of draftsIn(run.folder)) yield* Effect.ignore(fs.remove(draft))
    // What could not be captured today may be tomorrow.
    if (!tasks.some(({ failed }) => failed)) {
      yield* fs.writeFileString(sweptMark(run.folder), JSON.stringify({ saved }), { mode: 0o600 })
    }
    return [{ runId: record.run_id, saved, kept }]
  },
  Effect.catchAllCause((cause) => Effect.as(Effect.logWarning("a dead run could not be swept", cause), []))
)

/** git's locks on refs of the run's own, which nobody else could hold. */
const refLocks = (repository: Repository, runId: string): ReadonlyArray<string> => {
  const folder = path.join(repository.commonDir, "refs/codex-runner", safeName(runId))
  return namesIn(folder).filter((name) => name.endsWith(".lock")).map((name) => path.join(folder, name))
}

/** Files that were being written when their runner died: the old ones, or none, stand in their places. */
const draftsIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".draft")).map((name) => path.join(folder, name))

/** What the tasks shared. */
const releaseRun = Effect.fnUntraced(
  function*(repository: Repository, layout: Layout, record: RunRecord) {
    const git = yield* Git
    const trash = yield* Trash
    const config = yield* RunnerConfig
    yield* Effect.ignoreLogged(git.run({
      target: repository.target,
      args: ["update-ref", "-d", `refs/codex-runner/${safeName(record.run_id)}/@base`]
    }))
    if (config.codex_ephemeral) yield* trash.discard(codexHomeOf(layout, record.run_id), layout.trash)
    // What is in them still is kept, be it of an earlier attempt.
    for (const folder of placesOf(layout, record.run_id)) yield* trash.removeEmpty(folder)
  }
)

/** A review holds no work: what is left of one just goes. */
const sweepReviews = Effect.fnUntraced(function*(repository: Repository, layout: Layout) {
  const trash = yield* Trash
  const parent = path.dirname(reviewFolder(layout, "any"))
  const dead = namesIn(parent).filter((name) => !isOwned(path.join(parent, name)))
  for (const runId of dead) {
    yield* rescueTask({ repository, layout, runId, taskId: reviewId, base: Option.none(), begun: false })
    for (const folder of [...placesOf(layout, runId), path.join(parent, runId)]) {
      yield* trash.discard(folder, layout.trash)
    }
    yield* trash.removeEmpty(parent)
  }
})

/** git's entries of worktrees that are gone, where they lay in our folder and belong to no run that lives. */
export const removeStaleEntries = Effect.fnUntraced(function*(repository: Repository, layout: Layout) {
  const locks = yield* RepoLock
  const ours = path.join(layout.root, "worktrees")
  const stale = () => {
    const { live } = findRuns(layout)
    const dead = namesIn(layout.runs).filter((name) => !live.has(name))
    return worktreeEntries(repository).filter(({ entry, worktree }) => {
      // Only its name tells whose an entry was to be, or had been: our worktrees are named after run and task.
      if (worktree === null) return dead.some((run) => path.basename(entry).startsWith(`${run}-`))
      const [run = "", ...rest] = path.relative(ours, worktree).split("/")
      return run !== ".." && rest.length === 1 && !live.has(run) && !existsSync(worktree)
    })
  }
  if (stale().length === 0) return
  yield* locks.withLock(layout.lock)(
    Effect.suspend(() =>
      Effect.forEach(stale(), ({ entry }) => Effect.ignoreLogged(Effect.try(() => removeEntry(entry))))
    )
  )
})

/** What dead processes had put out of the way, or made to prove the gate in, under names that begin with their mark. */
const removeStaleFolders = Effect.fnUntraced(function*(layout: Layout) {
  const trash = yield* Trash
  const proofs = path.join(layout.state, "codex")
  const list = (folder: string, pattern: RegExp) =>
    namesIn(folder).flatMap((name) => {
      const [, mark] = pattern.exec(name) ?? []
      return mark !== undefined && isLeftBehind(path.join(folder, name), mark) ? [path.join(folder, name)] : []
    })
  const stale = [...list(layout.trash, /^(.+)-\d+-\d+$/), ...list(proofs, /^proof-(.+)-[0-9a-f]{8}$/)]
  yield* Effect.forEach(stale, (folder) => trash.discard(folder, layout.trash), { discard: true })
})

/** For somebody to read: the log of a detached runner that died before its run was on record. */
const logsStay = 24 * 60 * 60 * 1000

const removeOldLogs = (layout: Layout) =>
  Effect.ignoreLogged(Effect.try(() => {
    for (const name of namesIn(layout.root).filter((one) => /^detached-.*\.log$/.test(one))) {
      const log = path.join(layout.root, name)
      if (Date.now() - statSync(log).mtimeMs > logsStay) rmSync(log)
    }
  }))
