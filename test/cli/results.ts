/** Results and palettes for tests of what is shown. */
import type { Palette } from "../../src/cli/palette.ts"
import type { RunResult, TaskResult } from "../../src/domain/Result.ts"
import { RunId, TaskId } from "../../src/domain/Task.ts"

const same = (text: string) => text
export const plain: Palette = { on: false, bold: same, dim: same, red: same, green: same, yellow: same }
export const tagged: Palette = {
  on: true,
  bold: (text) => `<b>${text}</b>`,
  dim: (text) => `<d>${text}</d>`,
  red: (text) => `<r>${text}</r>`,
  green: (text) => `<g>${text}</g>`,
  yellow: (text) => `<y>${text}</y>`
}

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

export const run = (results: ReadonlyArray<TaskResult>, more: Partial<RunResult> = {}): RunResult => ({
  run_id: RunId.make("r"),
  status: "completed",
  base_commit: "c".repeat(40),
  total_duration_ms: 61_000,
  results,
  ...more
})
