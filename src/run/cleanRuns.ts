/** What of finished runs can go, how much room that frees, and its removal. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync, statSync } from "node:fs"
import * as path from "node:path"
import type { RunSummary } from "../domain/RunState.ts"
import type { RunId } from "../domain/Task.ts"
import { RepoLock } from "../git/RepoLock.ts"
import type { Repository } from "../git/Repository.ts"
import { Processes } from "../process/Processes.ts"
import { isOwned } from "../store/owner.ts"
import { recordsIn } from "../store/records.ts"
import { RunBusy, RunStore } from "../store/RunStore.ts"
import { type Layout, runFolder, worktreePlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { finalResult } from "./deadRuns.ts"
import { findRunId } from "./findRun.ts"
import { forgetRun, placesOf } from "./forgetRun.ts"
import { asRejection } from "./rejection.ts"
import { locate } from "./startRun.ts"
import { removeStaleEntries, sweep, sweepLock } from "./sweep.ts"

/** One thing that can be removed. */
export interface CleanItem {
  readonly run_id: RunId
  /** A whole run with its refs and its record, or one worktree of it that was kept. */
  readonly what: "run" | "worktree"
  /** The worktree, or the run's folder. */
  readonly path: string
  /** On disk, as `du` counts; what the refs hold is freed by git, later. */
  readonly bytes: number
  /** Of the run's records: with more, something happened since (a resume, an apply), and it is left alone. */
  readonly record_bytes: number
}

/** What is to be removed. */
export interface CleanPlan {
  readonly items: ReadonlyArray<CleanItem>
  /** Kept worktrees that hold what no ref does: they go only with their run, when that is named. */
  readonly spared: ReadonlyArray<string>
  readonly bytes: number
}

/** What is asked to be removed. */
export interface CleanRequest {
  /** Runs to forget whole, by the names that `findRun` takes. */
  readonly runs: ReadonlyArray<string>
  /** Every run that is over. */
  readonly all: boolean
}

/** Changes nothing but what dead runners left. Without runs: worktrees that were kept and hold nothing of their own. */
export const planClean = Effect.fn("Runs.planClean")(function*({ all, runs }: CleanRequest) {
  const { layout, repository } = yield* locate()
  yield* sweep(repository, layout)
  const store = yield* RunStore
  const named = yield* Effect.forEach(runs, (name) => findRunId(layout, name))
  const known = yield* store.list(layout)
  const busy = yield* Effect.findFirst(named, (id) => isAtWork(layout, id))
  if (Option.isSome(busy)) return yield* new RunBusy({ run_id: busy.value })
  const over = known.filter(({ status }) => status !== "running")
  const item = (run_id: RunId, what: CleanItem["what"], place: string) => ({
    run_id,
    what,
    path: place,
    record_bytes: recordBytes(layout, run_id)
  })
  // One whose record can't be read can be named all the same.
  const whole = [...new Set([...named, ...(all ? over.map(({ run_id }) => run_id) : [])])]
  const kept = over.filter(({ run_id }) => !whole.includes(run_id))
  const spared = kept.flatMap((run) => run.kept_worktrees.filter((worktree) => holdsOwn(layout, run, worktree)))
  const items = yield* Effect.forEach([
    ...whole.map((run_id) => item(run_id, "run", runFolder(layout, run_id))),
    ...(runs.length > 0 ?
      [] :
      kept.flatMap(({ kept_worktrees, run_id }) =>
        kept_worktrees.filter((worktree) => !spared.includes(worktree))
          .map((worktree) => item(run_id, "worktree", worktree))
      ))
  ], (one) =>
    Effect.map(
      bytesIn(one.what === "run" ? [one.path, ...placesOf(layout, one.run_id)] : [one.path]),
      (bytes): CleanItem => ({ ...one, bytes })
    ))
  return { items, spared, bytes: items.reduce((sum, { bytes }) => sum + bytes, 0) } satisfies CleanPlan
}, Effect.mapError(asRejection))

const isAtWork = (layout: Layout, runId: RunId) =>
  Effect.flatMap(RunStore, (store) => store.summary(layout, runId)).pipe(
    Effect.map(Option.match({
      onNone: () => isOwned(runFolder(layout, runId)),
      onSome: ({ status }) => status === "running"
    }))
  )

/** Whether a kept worktree holds what its task's ref doesn't; where that isn't known, it does. */
const holdsOwn = (layout: Layout, { run_id, tasks }: RunSummary, worktree: string): boolean => {
  const task = tasks.find(({ task_id }) => worktreePlaces(layout, run_id, task_id).worktree === worktree)
  if (task === undefined) return true
  return Option.match(finalResult(layout, run_id, task.task_id), {
    onNone: () => true,
    onSome: ({ captured }) => !captured
  })
}

const bytesIn = Effect.fnUntraced(function*(folders: ReadonlyArray<string>) {
  const there = folders.filter((folder) => existsSync(folder))
  if (there.length === 0) return 0
  const processes = yield* Processes
  const counted = yield* processes.run({
    command: "du",
    args: ["-sk", "--", ...there],
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    timeout: "1 minute",
    maxOutputBytes: 1024 * 1024
  }).pipe(Effect.map(({ stdout }) => new TextDecoder().decode(stdout)), Effect.orElseSucceed(() => ""))
  return counted.split("\n").reduce((sum, line) => sum + 1024 * (Number.parseInt(line, 10) || 0), 0)
})

/** Does what was planned. A run in which anything happened meanwhile is left alone: given is what was. */
export const cleanRuns = Effect.fn("Runs.clean")(function*({ items }: CleanPlan) {
  const { layout, repository } = yield* locate()
  const locks = yield* RepoLock
  const trash = yield* Trash
  const left = yield* Effect.filter(
    items,
    (item) => locks.withLock(sweepLock(layout))(cleanItem(repository, layout, item)),
    { negate: true }
  )
  yield* removeStaleEntries(repository, layout)
  yield* trash.settle
  return left
}, Effect.mapError(asRejection))

/** Under the lock, so that no run is resumed meanwhile. Gives whether the item is gone. */
const cleanItem = Effect.fnUntraced(function*(repository: Repository, layout: Layout, item: CleanItem) {
  const trash = yield* Trash
  if (!existsSync(runFolder(layout, item.run_id))) return true
  if (!(yield* isAsPlanned(layout, item))) return false
  if (item.what === "run") {
    yield* forgetRun(repository, layout, item.run_id)
  } else {
    yield* trash.discard(item.path, layout.trash)
    yield* trash.removeEmpty(path.dirname(item.path))
  }
  return true
})

const isAsPlanned = Effect.fnUntraced(function*(layout: Layout, item: CleanItem) {
  if (yield* isAtWork(layout, item.run_id)) return false
  if (item.what === "run") return recordBytes(layout, item.run_id) === item.record_bytes
  const store = yield* RunStore
  // The one that was planned may have made way for another attempt's.
  return Option.exists(yield* store.summary(layout, item.run_id), (run) => !holdsOwn(layout, run, item.path))
})

/** Records are only ever added, and every change of a run is on record. */
const recordBytes = (layout: Layout, runId: RunId): number =>
  statSync(recordsIn(runFolder(layout, runId)), { throwIfNoEntry: false })?.size ?? 0
