/** Putting results into the checkout or on a branch: what is asked for, what came of it, why it did not come to be. */
import * as Schema from "effect/Schema"
import { RunId, TaskId } from "./Task.ts"

/** What is to be applied, and where. */
export interface ApplyRequest {
  /** The run's id, the start of it, or `last`. */
  readonly run: string
  /** In the order in which they are applied. Default: every task that succeeded, in the order of the request. */
  readonly tasks?: ReadonlyArray<string> | undefined
  /** A branch to make, with a commit for each task from the base commit on. Default: the checkout. */
  readonly branch?: string | undefined
  /** Say what would be, change nothing. */
  readonly check?: boolean | undefined
}

/** A task whose patch was applied. */
export const AppliedTask = Schema.Struct({
  task_id: TaskId,
  /** Relative to the repository's root. */
  files: Schema.Array(Schema.String),
  patch_sha256: Schema.String,
  /** On a branch; null where the task's changes are there already. */
  commit: Schema.NullOr(Schema.String)
})
export type AppliedTask = typeof AppliedTask.Type

/** As it is recorded. */
export interface AppliedPatch {
  readonly taskId: TaskId
  /** `checkout`, or `branch` and its name. */
  readonly to: string
  readonly patchSha256: string
}

/** What was applied, all of it; or with `check` what would be. */
export const Applied = Schema.Struct({
  run_id: RunId,
  /** False where it was only checked. */
  applied: Schema.Boolean,
  base_commit: Schema.String,
  /** null: the checkout. */
  branch: Schema.NullOr(Schema.String),
  /** The commit it was put on: the checkout's HEAD, or the base commit under a branch. */
  onto: Schema.String,
  tasks: Schema.Array(AppliedTask),
  /** Tasks that were not asked for by name and had nothing to give, or nothing that may be taken. */
  left_out: Schema.Array(Schema.Struct({ task_id: TaskId, reason: Schema.String })),
  /** Whole sentences on what else to know. */
  notes: Schema.Array(Schema.String)
})
export type Applied = typeof Applied.Type

/**
 * - `task`: the task's own result forbids it
 * - `record`: the signed records don't hold
 * - `conflict`: with another task, or with what the checkout's HEAD has changed since the base commit
 * - `uncommitted`: the user's own changes, staged or not, in the same file
 * - `untracked`: a file in the way that git doesn't know
 * - `checkout`: the state of the checkout as a whole
 * - `branch`: the branch can't be made
 * - `failed`: git, or the disk
 */
export const ApplyProblemKind = Schema.Literal(
  "task",
  "record",
  "conflict",
  "uncommitted",
  "untracked",
  "checkout",
  "branch",
  "failed"
)
export type ApplyProblemKind = typeof ApplyProblemKind.Type

/** Why nothing was applied: one reason. */
export const ApplyProblem = Schema.Struct({
  kind: ApplyProblemKind,
  task_id: Schema.NullOr(TaskId),
  path: Schema.NullOr(Schema.String),
  /** Of a conflict: the tasks, and `HEAD` for what was committed since the base. */
  with: Schema.Array(Schema.String),
  message: Schema.String,
  remedy: Schema.NullOr(Schema.String)
})
export type ApplyProblem = typeof ApplyProblem.Type

/** Nothing was applied: neither the checkout nor a branch has changed. Holds every problem found. */
export class NotApplied extends Schema.TaggedError<NotApplied>()("NotApplied", {
  run_id: RunId,
  problems: Schema.NonEmptyArray(ApplyProblem),
  /** Where the only problems are conflicts: tasks that could be applied without the others. */
  applicable: Schema.Array(TaskId)
}) {
  override get message(): string {
    return `nothing of run "${this.run_id}" was applied.\n${
      this.problems.map((problem) => `  - ${formatApplyProblem(problem)}`).join("\n")
    }`
  }
}

export const applyProblem = (
  kind: ApplyProblemKind,
  message: string,
  more: Partial<Omit<ApplyProblem, "kind" | "message">> = {}
): ApplyProblem => ({ kind, task_id: null, path: null, with: [], remedy: null, ...more, message })

export const formatApplyProblem = ({ message, remedy }: ApplyProblem): string =>
  remedy === null ? message : `${message} ${remedy}`
