/** A run in short, as its folder tells: from the journal alone where that is whole, for results can be large. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFileSync, statSync } from "node:fs"
import * as path from "node:path"
import { RunStatus, TaskStatus } from "../domain/Result.ts"
import type { RunSummary, TaskState } from "../domain/RunState.ts"
import { isFinal } from "../domain/RunState.ts"
import { namesIn } from "../process/namesIn.ts"
import { type JournalEntry, journalIn, readJournal } from "./journal.ts"
import { hasResult, resultIn } from "./marks.ts"
import { ownerIsAlive } from "./owner.ts"
import type { RunRecord } from "./readRun.ts"
import { type Layout, runFolder, runPlaces, taskFolder } from "./stateFolder.ts"

const RunEnd = Schema.parseJson(Schema.Struct({ status: RunStatus }))
const TaskEnd = Schema.parseJson(Schema.Struct({ status: TaskStatus }))

const endIn = <A, I>(folder: string, schema: Schema.Schema<{ readonly status: A }, I>): A | undefined =>
  hasResult(folder)
    ? Option.getOrUndefined(Either.getRight(Schema.decodeUnknownEither(schema)(readFileSync(resultIn(folder), "utf8"))))
      ?.status
    : undefined

/** How far a run is: enough to tell whether it is worth reading. Source: {@link RunStore}. */
export interface Glance {
  readonly isAtWork: boolean
  /** It grows with everything that happens. */
  readonly journalBytes: number
}

/** What tells whether to look again: a journal that is read five times a second would be most of the work. */
export const glance = (layout: Layout, runId: string): Glance => {
  const folder = runFolder(layout, runId)
  return {
    isAtWork: !hasResult(folder) && ownerIsAlive(folder),
    journalBytes: statSync(journalIn(folder), { throwIfNoEntry: false })?.size ?? 0
  }
}

export const summarize = (layout: Layout, record: RunRecord): RunSummary => {
  const folder = runFolder(layout, record.run_id)
  const journal = readJournal(folder)
  const states = statesIn(journal)
  const status = statusOf(folder, journal)
  return {
    run_id: record.run_id,
    status,
    created_at: record.created_at,
    base_commit: record.base_commit,
    tasks: record.request.tasks.map(({ task_id }) => {
      // What the journal tells counts once it is on record; a full disk can swallow a line of the journal, too.
      const told = states.get(task_id) ?? "waiting"
      const state = hasResult(taskFolder(layout, record.run_id, task_id)) && !isEnd(told)
        ? endIn(taskFolder(layout, record.run_id, task_id), TaskEnd) ?? told
        : told
      return { task_id, state: status === "running" || isEnd(state) ? state : atRest(status) }
    }),
    kept_worktrees: status === "running" ? [] : worktreesOf(layout, record.run_id)
  }
}

/** A task without an end in a run that has one was never started; in one whose runner died, it waits to be resumed. */
const atRest = (status: RunStatus): TaskState => status === "interrupted" ? "waiting" : "skipped"

const isEnd = (state: TaskState): boolean => isFinal(state) || state === "cancelled" || state === "skipped"

const statesIn = (journal: ReadonlyArray<JournalEntry>): ReadonlyMap<string, TaskState> => {
  const states = new Map<string, TaskState>()
  for (const entry of journal) {
    if (entry._tag === "TaskStageEntered") states.set(entry.task_id, entry.stage)
    else if (entry._tag === "TaskFinished") states.set(entry.task_id, entry.status)
    else if (entry._tag === "RunStarted") {
      // Resumed: what has no final result starts anew.
      for (const [task, state] of states) if (!isFinal(state)) states.delete(task)
    }
  }
  return states
}

/** The end, where it is on record; else whether its runner is still there. */
const statusOf = (folder: string, journal: ReadonlyArray<JournalEntry>): RunStatus => {
  if (hasResult(folder)) {
    const last = journal.at(-1)
    const told = last?._tag === "RunFinished" ? last.status : endIn(folder, RunEnd)
    if (told !== undefined) return told
  }
  return ownerIsAlive(folder) ? "running" : "interrupted"
}

const worktreesOf = (layout: Layout, runId: string): ReadonlyArray<string> => {
  const folder = runPlaces(layout, runId).worktrees
  return [...namesIn(folder)].sort().map((name) => path.join(folder, name))
}
