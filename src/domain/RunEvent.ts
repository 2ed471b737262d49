/**
 * What happens in a run: the one stream that the journal, the live view and
 * MCP progress are all drawn from.
 */
import * as Schema from "effect/Schema"
import { CodexEvent } from "./CodexEvent.ts"
import { RunResult, TaskResult } from "./Result.ts"
import { RunId, TaskId } from "./Task.ts"

export const TaskStage = Schema.Literal("worktree", "setup", "codex", "capture", "record")
export type TaskStage = typeof TaskStage.Type

export const RunStarted = Schema.TaggedStruct("RunStarted", {
  run_id: RunId,
  base_commit: Schema.String,
  concurrency: Schema.Number,
  tasks: Schema.Array(TaskId),
  /** What the manager should know about this repository and environment. */
  warnings: Schema.Array(Schema.String),
  run_dir: Schema.String
})
export const TaskStageEntered = Schema.TaggedStruct("TaskStageEntered", { task_id: TaskId, stage: TaskStage })
export const TaskCodexEvent = Schema.TaggedStruct("TaskCodexEvent", { task_id: TaskId, event: CodexEvent })
export const TaskNote = Schema.TaggedStruct("TaskNote", { task_id: TaskId, message: Schema.String })
export const TaskFinished = Schema.TaggedStruct("TaskFinished", { task_id: TaskId, result: TaskResult })
export const RunFinished = Schema.TaggedStruct("RunFinished", { result: RunResult })

export const RunEvent = Schema.Union(
  RunStarted,
  TaskStageEntered,
  TaskCodexEvent,
  TaskNote,
  TaskFinished,
  RunFinished
)
export type RunEvent = typeof RunEvent.Type
