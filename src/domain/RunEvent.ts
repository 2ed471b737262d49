/**
 * What happens in a run: the one stream that the journal, the live view and
 * MCP progress are all drawn from.
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CodexEvent } from "./CodexEvent.ts"
import { Denied, RunResult, TaskResult } from "./Result.ts"
import { RunId, TaskId } from "./Task.ts"

/** The stages of a task, in their order. */
export const TaskStage = Schema.Literal("worktree", "setup", "codex", "capture", "record")
export type TaskStage = typeof TaskStage.Type

/** The run is on record. */
export const RunStarted = Schema.TaggedStruct("RunStarted", {
  run_id: RunId,
  base_commit: Schema.String,
  concurrency: Schema.Number,
  tasks: Schema.Array(TaskId),
  /** What the manager should know about this repository and environment. */
  warnings: Schema.Array(Schema.String),
  run_dir: Schema.String
})
/** A task has come to a stage. */
export const TaskStageEntered = Schema.TaggedStruct("TaskStageEntered", {
  task_id: TaskId,
  stage: TaskStage,
  /** Of the stage `codex`: seconds from here to the task's wall-clock limit. */
  timeout_sec: Schema.optional(Schema.Number)
})
// Types are written where they hold others by name: the compiler would write them out, each time anew.

/** A task's Codex said something. */
export const TaskCodexEvent: Schema.TaggedStruct<
  "TaskCodexEvent",
  { task_id: typeof TaskId; event: typeof CodexEvent }
> = Schema.TaggedStruct("TaskCodexEvent", { task_id: TaskId, event: CodexEvent })
/** The gate stopped a call, told soon after. As many of a task's as its result lists; that has the last word. */
export const TaskDenied = Schema.TaggedStruct("TaskDenied", { task_id: TaskId, denied: Denied })
/** What else is to be known of a task. */
export const TaskNote = Schema.TaggedStruct("TaskNote", { task_id: TaskId, message: Schema.String })
/** A task's result is on record. */
export const TaskFinished: Schema.TaggedStruct<
  "TaskFinished",
  { task_id: typeof TaskId; result: typeof TaskResult }
> = Schema.TaggedStruct("TaskFinished", { task_id: TaskId, result: TaskResult })
/** The run's result is on record. */
export const RunFinished: Schema.TaggedStruct<"RunFinished", { result: typeof RunResult }> = Schema.TaggedStruct(
  "RunFinished",
  { result: RunResult }
)

/** Something that happened in a run. */
export const RunEvent: Schema.Union<[
  typeof RunStarted,
  typeof TaskStageEntered,
  typeof TaskCodexEvent,
  typeof TaskDenied,
  typeof TaskNote,
  typeof TaskFinished,
  typeof RunFinished
]> = Schema.Union(
  RunStarted,
  TaskStageEntered,
  TaskCodexEvent,
  TaskDenied,
  TaskNote,
  TaskFinished,
  RunFinished
)
export type RunEvent = typeof RunEvent.Type

/** Told everything that happens in a run, in order; the run waits for it. */
export type Watch = (event: RunEvent) => Effect.Effect<void>
