/** Runs whose runner is gone before their end, as their folders tell. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { existsSync, readFileSync } from "node:fs"
import * as path from "node:path"
import { TaskResult } from "../domain/Result.ts"
import { safeName } from "../domain/Task.ts"
import { namesIn } from "../process/namesIn.ts"
import { readJournal } from "../store/journal.ts"
import { hasResult, resultIn, sweptMark } from "../store/marks.ts"
import { isOwned } from "../store/owner.ts"
import { recordIn, RunRecord } from "../store/readRun.ts"
import { type Layout, taskFolder } from "../store/stateFolder.ts"

export interface DeadRun {
  readonly folder: string
  /** None where its runner died before it had begun. */
  readonly record: Option.Option<RunRecord>
}

/** Which runs are still at work, by the names of their folders, and which died and have not been swept. */
export const findRuns = (layout: Layout): { readonly live: ReadonlySet<string>; readonly dead: Array<DeadRun> } => {
  const live = new Set<string>()
  const dead: Array<DeadRun> = []
  for (const name of namesIn(layout.runs)) {
    const folder = path.join(layout.runs, name)
    if (hasResult(folder) || existsSync(sweptMark(folder))) continue
    const record = isOwned(folder) ? undefined : decodeFile(recordIn(folder), RunRecord)
    if (record === undefined) live.add(name)
    // Of one that can't be read (another version wrote it, or somebody changed it) nothing is known: it is left alone.
    else if (Option.isSome(record) || isBarelyBegun(folder)) dead.push({ folder, record })
  }
  return { live, dead }
}

/** Before its record is kept a run has nothing. */
const isBarelyBegun = (folder: string): boolean => !existsSync(recordIn(folder)) && !existsSync(`${folder}/tasks`)

/** A task's final result; none where it has none. */
export const finalResult = (layout: Layout, runId: string, taskId: string) =>
  decodeFile(resultIn(taskFolder(layout, runId, taskId)), TaskResult)

/** Once a task has entered one of these, its Codex was started. */
const begun: ReadonlySet<string> = new Set(["codex", "capture", "record"])

/** Whether a task's Codex was started, in its latest attempt: before that, nothing in its worktree is its work. */
export const begunTasks = (run: DeadRun): (taskId: string) => boolean => {
  const told = new Set<string>()
  for (const entry of readJournal(run.folder)) {
    if (entry._tag === "RunStarted") told.clear()
    else if (entry._tag !== "TaskStageEntered") continue
    else if (begun.has(entry.stage)) told.add(entry.task_id)
    else told.delete(entry.task_id)
  }
  // A full disk can swallow a line of the journal. What an earlier attempt left was set aside.
  return (taskId) => told.has(taskId) || existsSync(path.join(run.folder, "tasks", safeName(taskId), "events.jsonl"))
}

const decodeFile = <A, I>(file: string, schema: Schema.Schema<A, I>): Option.Option<A> => {
  try {
    return Either.getRight(Schema.decodeUnknownEither(Schema.parseJson(schema))(readFileSync(file, "utf8")))
  } catch {
    return Option.none()
  }
}
