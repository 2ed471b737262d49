/** Runs and results made up for tests. */
import type { RunStatus, TaskResult, TaskStatus } from "../../src/domain/Result.ts"
import type { RunState, TaskState } from "../../src/domain/RunState.ts"
import { RunId, TaskId } from "../../src/domain/Task.ts"
import { task } from "../support/results.ts"

export const resultOf = (id: string, status: TaskStatus = "success", more: Partial<TaskResult> = {}): TaskResult =>
  task(id, {
    status,
    files_changed: ["src/a.ts"],
    patch: "diff --git a/src/a.ts b/src/a.ts\n",
    patch_applicable: status === "success",
    apply_check_log: "applies",
    commands_run: [{ cmd: "npm test", exit_code: null }],
    evidence: "Commands: npm test",
    logs: { stdout: "{}", stderr: "", tail: "{}" },
    workspace_path: "/state/worktree",
    duration_ms: 1000,
    summary: "Done.",
    notes_for_manager: "Look at it.",
    error: status === "success" ? null : { kind: "policy", message: "Path not in allowed patterns: \"x\"" },
    denied: [{ tool: "shell", what: "rm", reason: "no" }],
    violations: [{ kind: "path", detail: "x" }],
    enforcement: "pre-execution",
    ref: `refs/codex-runner/run/${id}`,
    patch_path: "/state/patch.diff",
    patch_sha256: "0".repeat(64),
    usage: { input_tokens: 1, cached_input_tokens: 0, output_tokens: 1, reasoning_output_tokens: 0 },
    log_dir: `/state/runs/run/tasks/${id}`,
    started_at: "2026-11-25T12:00:00.000Z",
    ...more
  })

/** A run of these results, and of tasks that have none yet. */
export const stateOf = (
  status: RunStatus,
  results: ReadonlyArray<TaskResult>,
  others: Readonly<Record<string, TaskState>> = {},
  kept: ReadonlyArray<string> = []
): RunState => ({
  summary: {
    run_id: RunId.make("run"),
    status,
    created_at: "2026-11-25T12:00:00.000Z",
    base_commit: "c".repeat(40),
    tasks: [
      ...results.map(({ status: state, task_id }) => ({ task_id, state })),
      ...Object.entries(others).map(([id, state]) => ({ task_id: TaskId.make(id), state }))
    ],
    kept_worktrees: kept
  },
  result: { run_id: RunId.make("run"), status, base_commit: "c".repeat(40), total_duration_ms: 61_000, results }
})
