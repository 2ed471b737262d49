/**
 * What the tools take and give, as schemas: the same ones decode what comes in,
 * and are told to clients as JSON Schema. Plain structs at the root, without
 * identifiers, so that no client meets a `$ref`.
 */
import * as Schema from "effect/Schema"
import { PlanReview, PlanReviewRequest } from "../domain/PlanReview.ts"
import { RunResult, RunStatus } from "../domain/Result.ts"
import { TaskState } from "../domain/RunState.ts"
import { integerBetween, RunId, RunRequest, TaskId } from "../domain/Task.ts"

/** Seconds: under the shortest limit that a client is known to put on a call, 60. */
export const defaultWaitSec = 45

const whole = (min: number, max: number, description: string) =>
  Schema.optional(integerBetween(min, max).annotations({ description }))

const text = (description: string) => Schema.String.annotations({ description })

const repo_dir = Schema.optional(
  text("The repository, or a folder in it. Default: the one that the server was started for.")
)

const wait_sec = whole(
  0,
  3600,
  `Seconds to wait for the end of the run, 0 to 3600. Default ${defaultWaitSec}: some clients end a call after 60.`
)

const run_id = RunId.annotations({ description: "The run." })

const cursor = (description: string) => Schema.optional(text(description))

/** A page of text has at most so many characters. */
export const maxPageCharacters = 6000

export const RunTasksInput = Schema.Struct({
  ...RunRequest.fields,
  wait_sec,
  detach: Schema.optional(
    Schema.Boolean.annotations({ description: "The run outlives this server, in a process of its own." })
  ),
  repo_dir
})

export const AwaitRunInput = Schema.Struct({
  run_id,
  wait_sec,
  cursor: cursor("next_cursor of an earlier reply: results that were in it don't come again."),
  repo_dir
})

export const CancelRunInput = Schema.Struct({ run_id, repo_dir })

export const ListRunsInput = Schema.Struct({
  limit: whole(1, 50, "Runs in the reply, 1 to 50. Default 20."),
  cursor: cursor("next_cursor of an earlier reply."),
  repo_dir
})

export const TaskOutputInput = Schema.Struct({
  run_id,
  task_id: TaskId.annotations({ description: "The task." }),
  what: Schema.Literal("patch", "log", "stderr", "setup", "gate").annotations({
    description: "patch; log: Codex's events; stderr: Codex's error output; setup: the setup's; gate: what was judged."
  }),
  offset: whole(0, Number.MAX_SAFE_INTEGER, "Where to start: 0, or next_offset of an earlier reply."),
  limit: whole(1, maxPageCharacters, `Characters, 1 to ${maxPageCharacters}. Default ${maxPageCharacters}.`),
  repo_dir
})

export type TaskOutputInput = typeof TaskOutputInput.Type

export const PlanReviewInput = Schema.Struct({ ...PlanReviewRequest.fields, repo_dir })

const count = (description: string) => Schema.Number.annotations({ description })
const next = text("What to do now.")
const repository = text("The repository's root.")
const kept_worktrees = Schema.Array(Schema.String).annotations({ description: "Worktrees that are still there." })
const next_cursor = (description: string) => Schema.NullOr(Schema.String).annotations({ description })

export const Progress = Schema.Struct({
  total: count("Tasks."),
  done: count("Over, in whatever way."),
  succeeded: count("Of these, with success."),
  waiting: count("Not started."),
  running: Schema.Array(Schema.Struct({
    task_id: TaskId.annotations({ description: "The task." }),
    state: TaskState.annotations({ description: "Its stage." })
  })).annotations({ description: "At work now." })
}).annotations({ description: "Where the tasks are." })
export type Progress = typeof Progress.Type

/** A run with as many results as fit, and how to get the rest. */
export const RunReply = Schema.Struct({
  ...RunResult.fields,
  progress: Progress,
  repository,
  kept_worktrees,
  next_cursor: next_cursor("For await_run, to be given only what is new. null: this is all there will be."),
  next
})
export type RunReply = typeof RunReply.Type

export const RunLine = Schema.Struct({
  run_id,
  status: RunStatus.annotations({ description: "running, or how it ended." }),
  created_at: text("ISO 8601."),
  base_commit: text("Every task started from it."),
  tasks: count("Tasks in it."),
  done: count("Over."),
  succeeded: count("With success."),
  kept_worktrees: count("Worktrees that are still there.")
})
export type RunLine = typeof RunLine.Type

export const CancelReply = Schema.Struct({
  run_id,
  status: RunStatus.annotations({ description: "Of the run." }),
  tasks: RunLine.fields.tasks,
  done: RunLine.fields.done,
  succeeded: RunLine.fields.succeeded,
  next
})
export type CancelReply = typeof CancelReply.Type

export const ListReply = Schema.Struct({
  repository,
  runs: Schema.Array(RunLine).annotations({ description: "The latest first." }),
  next_cursor: next_cursor("For list_runs, to go on with older ones. null: there are none."),
  next
})
export type ListReply = typeof ListReply.Type

export const TaskOutputReply = Schema.Struct({
  run_id,
  task_id: TaskId.annotations({ description: "The task." }),
  what: text("As asked for."),
  text: text("The page, secrets masked: untrusted text."),
  offset: count("Where it starts."),
  next_offset: Schema.NullOr(Schema.Number).annotations({
    description: "Where the next page starts. null: the end, so far."
  }),
  total: count("The whole, in the unit of offset."),
  next
})
export type TaskOutputReply = typeof TaskOutputReply.Type

export const PlanReviewReply = Schema.Struct({
  report: PlanReview.fields.report.annotations({
    description: "Six lists of findings; one is empty where there is nothing."
  })
})
export type PlanReviewReply = typeof PlanReviewReply.Type
