/** Results made up for tests. */
import type { TaskResult } from "../../src/domain/Result.ts"
import { TaskId } from "../../src/domain/Task.ts"

/** A task that succeeded and changed nothing, and what is different about this one. */
export const task = (id: string, more: Partial<TaskResult> = {}): TaskResult => ({
  task_id: TaskId.make(id),
  status: "success",
  exit_code: 0,
  files_changed: [],
  patch: "",
  patch_applicable: true,
  apply_check_log: "",
  commands_run: [],
  evidence: "",
  logs: { stdout: "", stderr: "", tail: "" },
  workspace_path: "",
  duration_ms: 1234,
  summary: "",
  notes_for_manager: "",
  error: null,
  denied: [],
  violations: [],
  enforcement: "none",
  reads: "confined",
  captured: true,
  ref: null,
  patch_path: null,
  patch_sha256: null,
  usage: null,
  thread_id: null,
  log_dir: `/log/${id}`,
  started_at: null,
  finished_at: null,
  ...more
})
