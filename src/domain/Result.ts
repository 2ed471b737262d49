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

/** A command as the model asked for it; the exit code where Codex told it. */
export const CommandRun = Schema.Struct({ cmd: Schema.String, exit_code: Schema.NullOr(Schema.Number) })
export type CommandRun = typeof CommandRun.Type

export const Denied = Schema.Struct({ tool: Schema.String, what: Schema.String, reason: Schema.String })
export type Denied = typeof Denied.Type

export const Violation = Schema.Struct({ kind: ViolationKind, detail: Schema.String })
export type Violation = typeof Violation.Type

export const TaskError = Schema.Struct({ kind: ErrorKind, message: Schema.String })
export type TaskError = typeof TaskError.Type

/** Tokens. Cumulative over a thread that was resumed. */
export const Usage = Schema.Struct({
  input_tokens: Schema.Number,
  cached_input_tokens: Schema.Number,
  output_tokens: Schema.Number,
  reasoning_output_tokens: Schema.Number
})
export type Usage = typeof Usage.Type

/** What came of one task. Texts are redacted and cut at a stated length; paths lead to the whole. */
export const TaskResult = Schema.Struct({
  task_id: TaskId,
  status: TaskStatus,
  /** Codex's own; null where it died by a signal or never ran. */
  exit_code: Schema.NullOr(Schema.Number),
  files_changed: Schema.Array(Schema.String),
  /** Unified diff with secrets masked; the exact bytes are at `patch_path`. */
  patch: Schema.String,
  patch_applicable: Schema.Boolean,
  apply_check_log: Schema.String,
  commands_run: Schema.Array(CommandRun),
  evidence: Schema.String,
  /** `tail`: the last 500 characters of both streams. */
  logs: Schema.Struct({ stdout: Schema.String, stderr: Schema.String, tail: Schema.String }),
  /** May no longer exist. */
  workspace_path: Schema.String,
  duration_ms: Schema.Number,
  /** Codex's last message. */
  summary: Schema.String,
  notes_for_manager: Schema.String,
  error: Schema.NullOr(TaskError),
  denied: Schema.Array(Denied),
  violations: Schema.Array(Violation),
  enforcement: Enforcement,
  /** The ref that holds the work, null where nothing changed. */
  ref: Schema.NullOr(Schema.String),
  patch_path: Schema.NullOr(Schema.String),
  patch_sha256: Schema.NullOr(Schema.String),
  usage: Schema.NullOr(Usage),
  thread_id: Schema.NullOr(Schema.String),
  log_dir: Schema.String,
  /** ISO 8601. */
  started_at: Schema.NullOr(Schema.String),
  finished_at: Schema.NullOr(Schema.String)
})
export type TaskResult = typeof TaskResult.Type

export const RunResult = Schema.Struct({
  run_id: RunId,
  status: RunStatus,
  base_commit: Schema.String,
  total_duration_ms: Schema.Number,
  results: Schema.Array(TaskResult)
})
export type RunResult = typeof RunResult.Type
