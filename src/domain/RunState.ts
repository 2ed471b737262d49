/** A run as it stands: what can be told of it at any moment, from any process. */
import * as Schema from "effect/Schema"
import { RunResult, RunStatus, TaskStatus } from "./Result.ts"
import { TaskStage } from "./RunEvent.ts"
import { RunId, TaskId } from "./Task.ts"

/** `waiting`: not started yet. A stage: at work. A status: over, with its result on record. */
export const TaskState = Schema.Union(Schema.Literal("waiting"), TaskStage, TaskStatus)
export type TaskState = typeof TaskState.Type

/** A task in short. */
export const TaskProgress = Schema.Struct({ task_id: TaskId, state: TaskState })
export type TaskProgress = typeof TaskProgress.Type

/** A run in short. */
export const RunSummary = Schema.Struct({
  run_id: RunId,
  status: RunStatus,
  /** ISO 8601. */
  created_at: Schema.String,
  base_commit: Schema.String,
  /** In the order of the request. */
  tasks: Schema.Array(TaskProgress),
  /** Worktrees that are still there although their run is over: kept on request, or because they hold what no ref does. */
  kept_worktrees: Schema.Array(Schema.String)
})
export type RunSummary = typeof RunSummary.Type

/** A run with the results so far. */
export interface RunState {
  readonly summary: RunSummary
  /** Of each task that is over, in the order of the request. */
  readonly result: RunResult
}

/** Whether nothing more will happen in a run by itself. */
export const isOver = (status: RunStatus): boolean => status !== "running"

/** Whether a task is done with for good: what `resume` leaves as it is. */
export const isFinal = (state: TaskState): boolean => state === "success" || state === "failed" || state === "timeout"
