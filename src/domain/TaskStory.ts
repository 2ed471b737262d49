/** What happened to one task, told in order. */
import * as Schema from "effect/Schema"
import { TaskResult } from "./Result.ts"
import { TaskState } from "./RunState.ts"
import { RunId, TaskId } from "./Task.ts"

/**
 * - `stage`: the pipeline entered one of its stages
 * - `command`, `edit`: Codex was let do it
 * - `denied`: it was not, and why
 * - `note`, `end`: what the runner said of the task
 */
export const StoryKind = Schema.Literal("stage", "command", "edit", "denied", "note", "end")
export type StoryKind = typeof StoryKind.Type

/** One thing that happened. */
export const StoryEntry = Schema.Struct({
  /** ISO 8601; null where nobody noted it: Codex's own events have no times. */
  at: Schema.NullOr(Schema.String),
  kind: StoryKind,
  text: Schema.String,
  /** Of a command, where Codex told it. */
  exit_code: Schema.NullOr(Schema.Number),
  /** Of a denial. */
  reason: Schema.NullOr(Schema.String)
})
export type StoryEntry = typeof StoryEntry.Type

/** Texts are masked. */
export const TaskStory = Schema.Struct({
  run_id: RunId,
  task_id: TaskId,
  state: TaskState,
  prompt: Schema.String,
  timeline: Schema.Array(StoryEntry),
  /** null: there is none yet. */
  result: Schema.NullOr(TaskResult),
  log_dir: Schema.String
})
export type TaskStory = typeof TaskStory.Type
