/** Results and palettes for tests of what is shown. */
import type { Palette } from "../../src/cli/palette.ts"
import type { RunResult, TaskResult } from "../../src/domain/Result.ts"
import { RunId } from "../../src/domain/Task.ts"

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

export const run = (results: ReadonlyArray<TaskResult>, more: Partial<RunResult> = {}): RunResult => ({
  run_id: RunId.make("r"),
  status: "completed",
  base_commit: "c".repeat(40),
  total_duration_ms: 61_000,
  results,
  ...more
})
