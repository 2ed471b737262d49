/** What Codex said in a task, from the log of its events: as far as it goes, or as it grows. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { redactEvent } from "../audit/redactEvent.ts"
import { makeRedactor, secretsOf } from "../audit/redaction.ts"
import { events } from "../codex/jsonl.ts"
import type { CodexEvent } from "../domain/CodexEvent.ts"
import type { TaskId } from "../domain/Task.ts"
import { followFile } from "../process/followFile.ts"
import { Host } from "../process/Host.ts"
import { hasResult } from "../store/marks.ts"
import { ownerIsAlive } from "../store/owner.ts"
import { runFolder, taskFolder, worktreePlaces } from "../store/stateFolder.ts"
import { findRun, findTaskId, taskIdsOf } from "./findRun.ts"
import { asRejection } from "./rejection.ts"
import { locate } from "./startRun.ts"

export const eventsIn = (taskFolder: string): string => `${taskFolder}/events.jsonl`

/** The log as it is now. */
export const eventsOf = (folder: string): Stream.Stream<CodexEvent> =>
  followFile(eventsIn(folder), { isOver: Effect.succeed(true), every: 0 }).pipe(events())

/** An event of a task, masked, as it may leave the state folder. */
export interface TaskLogEntry {
  readonly taskId: TaskId
  /** Where the task is, or was, at work: paths in the event begin with it. */
  readonly worktree: string
  readonly event: CodexEvent
}

/** Which log, and whether to wait for more. */
export interface TaskLogRequest {
  readonly run: string
  /** Default: every task. */
  readonly task?: string | undefined
  /** Wait for more until the task, or the run, is over. */
  readonly follow?: boolean | undefined
}

/** Milliseconds between two looks at one file, and for each file at one look. */
const pause = 200
const pausePerFile = 5

/** Task by task in the order of the request; with `follow` as it comes. */
export const taskLog = (request: TaskLogRequest) =>
  Stream.unwrap(Effect.gen(function*() {
    const { layout } = yield* locate()
    const run = yield* findRun(layout, request.run)
    const { run_id } = run.record
    const tasks = request.task === undefined ? taskIdsOf(run) : [yield* findTaskId(run, request.task)]
    const { env } = yield* Host
    const redactor = makeRedactor(secretsOf(env))
    const follow = request.follow === true
    const folderOf = (taskId: TaskId) => taskFolder(layout, run_id, taskId)
    const isOver = (taskId: TaskId) =>
      Effect.sync(() => {
        const folder = runFolder(layout, run_id)
        return !follow || hasResult(folderOf(taskId)) || hasResult(folder) || !ownerIsAlive(folder)
      })
    const logs = tasks.map((taskId) =>
      followFile(eventsIn(folderOf(taskId)), { isOver: isOver(taskId), every: pause + pausePerFile * tasks.length })
        .pipe(
          events(),
          Stream.map((event): TaskLogEntry => ({
            taskId,
            worktree: worktreePlaces(layout, run_id, taskId).worktree,
            event: redactEvent(event, redactor.text)
          }))
        )
    )
    return Stream.mergeAll(logs, { concurrency: follow ? "unbounded" : 1, bufferSize: 1 })
  })).pipe(Stream.mapError(asRejection))
