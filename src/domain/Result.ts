/** What a manager gets back: one result for each task, in the order of the request. */
import * as Schema from "effect/Schema"
import { RunId, TaskId } from "./Task.ts"

/**
 * - `success`: Codex ended its turn, no violation, the patch is in bounds and applies
 * - `skipped`: never started (a dry run, or the run ended first)
 * - `cancelled`: interrupted while running
 */
export const TaskStatus = Schema.Literal("success", "failed", "timeout", "skipped", "cancelled")
export type TaskStatus = typeof TaskStatus.Type

/** `interrupted`: the runner died or was shut down; the run can be resumed. */
export const RunStatus = Schema.Literal("completed", "running", "cancelled", "interrupted")
export type RunStatus = typeof RunStatus.Type

/** Why a task did not succeed. A closed list: every face translates all of it. */
export const ErrorKind = Schema.Literal(
  "codex_missing",
  "auth",
  "rate_limit",
  "quota",
  "model",
  "context_window",
  "network",
  "policy",
  "gate",
  "sandbox",
  "worktree",
  "patch",
  "setup",
  "disk",
  "timeout",
  "idle_timeout",
  "cancelled",
  "codex_crashed",
  "internal"
)
export type ErrorKind = typeof ErrorKind.Type

/** What was out of bounds. A closed list. */
export const ViolationKind = Schema.Literal(
  "command",
  "path",
  "protected_path",
  "symlink",
  "nested_repository",
  "special_file",
  "hidden_by_ignore",
  "name_collision",
  "too_large",
  "hard_link",
  "enforcement_breach"
)
export type ViolationKind = typeof ViolationKind.Type

/** How the policy was enforced: before anything ran, by looking afterwards, or not at all. */
export const Enforcement = Schema.Literal("pre-execution", "post-execution", "none")
export type Enforcement = typeof Enforcement.Type

/**
 * What the task's commands could read: `confined`, all that the user can read but for credentials and codex-runner's
 * own folder; `open`, all of it.
 */
export const Reads = Schema.Literal("confined", "open")
export type Reads = typeof Reads.Type
const said = (description: string) => Schema.String.annotations({ description })
const maybeSaid = (description: string) => Schema.NullOr(Schema.String).annotations({ description })
const number = (description: string) => Schema.Number.annotations({ description })
const listOf = <A, I>(item: Schema.Schema<A, I>, description: string) => Schema.Array(item).annotations({ description })

/** A command as the model asked for it; the exit code where Codex told it. */
export const CommandRun = Schema.Struct({
  cmd: said("As the model asked for it."),
  exit_code: Schema.NullOr(Schema.Number).annotations({ description: "null: not known." })
})
export type CommandRun = typeof CommandRun.Type

/** A call that the gate stopped before it happened. */
export const Denied = Schema.Struct({
  tool: said("The tool."),
  what: said("What it was asked."),
  reason: said("The rule.")
})
export type Denied = typeof Denied.Type

/** Something out of bounds that happened. */
export const Violation = Schema.Struct({
  kind: ViolationKind.annotations({ description: "Which rule." }),
  detail: said("In words.")
})
export type Violation = typeof Violation.Type

/** Why a task did not succeed: its kind, and the words for a person. */
export const TaskError = Schema.Struct({
  kind: ErrorKind.annotations({ description: "Of a closed list." }),
  message: said("With the remedy.")
})
export type TaskError = typeof TaskError.Type

/** Tokens. Cumulative over a thread that was resumed. */
export const Usage = Schema.Struct({
  input_tokens: number("All input."),
  cached_input_tokens: number("Of these, from a cache."),
  output_tokens: number("All output."),
  reasoning_output_tokens: number("Of these, reasoning.")
})
export type Usage = typeof Usage.Type

/** What came of one task. Texts are redacted and cut at a stated length; paths lead to the whole. */
export const TaskResult = Schema.Struct({
  task_id: TaskId.annotations({ description: "The task." }),
  status: TaskStatus.annotations({
    description: "success: done, no violation, the patch applies. skipped: never started. cancelled: stopped at work."
  }),
  exit_code: Schema.NullOr(Schema.Number).annotations({
    description: "Codex's own; null: died by a signal, never ran."
  }),
  files_changed: listOf(Schema.String, "Paths from the repository's root."),
  patch: said("Unified diff, secrets masked; the exact one is at patch_path."),
  patch_applicable: Schema.Boolean.annotations({ description: "It applies to the base and to HEAD, within bounds." }),
  apply_check_log: said("What the check of the patch said."),
  commands_run: listOf(CommandRun, "In order."),
  evidence: said("What shows that the work was done."),
  logs: Schema.Struct({
    stdout: said("Codex's events, their end."),
    stderr: said("Codex's error output, its end."),
    tail: said("The last 500 characters of both.")
  }).annotations({ description: "Ends of logs; whole in log_dir." }),
  workspace_path: said("The worktree; it may be gone."),
  duration_ms: number("Milliseconds."),
  summary: said("Codex's last message: untrusted text."),
  notes_for_manager: said("Read this before you use the patch."),
  error: Schema.NullOr(TaskError).annotations({ description: "Why it did not succeed." }),
  denied: listOf(Denied, "What was stopped before it happened."),
  violations: listOf(Violation, "What was found out of bounds afterwards."),
  enforcement: Enforcement.annotations({ description: "How the policy was held." }),
  reads: Reads.annotations({ description: "confined: its commands could not read credentials; open: they could." }),
  captured: Schema.Boolean.annotations({
    description: "All that it changed is in ref; false: not all, and the worktree, where it is still there, is kept."
  }),
  ref: maybeSaid("The git ref that holds the work; null: nothing changed."),
  patch_path: maybeSaid("The exact patch."),
  patch_sha256: maybeSaid("Of the exact patch."),
  usage: Schema.NullOr(Usage).annotations({ description: "Tokens." }),
  thread_id: maybeSaid("Codex's thread."),
  log_dir: said("Its logs."),
  started_at: maybeSaid("ISO 8601."),
  finished_at: maybeSaid("ISO 8601.")
})
export type TaskResult = typeof TaskResult.Type

/** What came of a run: a result for each task, in the order of the request. */
export const RunResult = Schema.Struct({
  run_id: RunId.annotations({ description: "The run." }),
  status: RunStatus.annotations({
    description: "interrupted: its runner died or was shut down; what was done is kept."
  }),
  base_commit: said("Every task started from it."),
  total_duration_ms: number("Milliseconds."),
  results: listOf(TaskResult, "One for each task that is over, in the order of the request.")
})
export type RunResult = typeof RunResult.Type

/** Whether a result is a dry run's: what was skipped without a reason was never to be started. */
export const isRehearsal = ({ results }: Pick<RunResult, "results">): boolean =>
  results.length > 0 && results.every(({ error, status }) => status === "skipped" && error === null)
