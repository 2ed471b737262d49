/** Which tasks' patches are applied: those asked for by name, or every one that may be. */
import { type ApplyProblem, applyProblem } from "../domain/Apply.ts"
import type { TaskResult } from "../domain/Result.ts"
import type { TaskId } from "../domain/Task.ts"
import type { StoredRun } from "../store/RunStore.ts"
import { type Layout, refOf, taskFolder } from "../store/stateFolder.ts"
import type { ChosenTask } from "./applyMerge.ts"
import { taskIdsOf } from "./findRun.ts"

export interface Selection {
  readonly chosen: ReadonlyArray<ChosenTask>
  readonly leftOut: ReadonlyArray<{ readonly task_id: TaskId; readonly reason: string }>
  readonly problems: ReadonlyArray<ApplyProblem>
}

/** `named` in their order; undefined: all, in the order of the request. */
export const select = (layout: Layout, run: StoredRun, named: ReadonlyArray<TaskId> | undefined): Selection => {
  const chosen: Array<ChosenTask> = []
  const leftOut: Array<Selection["leftOut"][number]> = []
  const problems: Array<ApplyProblem> = []
  for (const taskId of new Set(named ?? taskIdsOf(run))) {
    const result = run.result.results.find((one) => one.task_id === taskId)
    const refused = refusal(result)
    if (refused !== undefined) {
      const remedy = result === undefined
        ? `What it left, if anything, is in ${refOf(run.record.run_id, taskId)}.`
        : takeAnyway(result.ref)
      if (named === undefined) leftOut.push({ task_id: taskId, reason: refused })
      else problems.push(applyProblem("task", `${taskId}: ${refused}`, { task_id: taskId, remedy }))
    } else if (result === undefined || result.ref === null || result.patch_sha256 === null) {
      leftOut.push({ task_id: taskId, reason: "it changed nothing." })
    } else {
      // Where the patch lies now, whatever the state folder was called when it was made.
      const patchPath = `${taskFolder(layout, run.record.run_id, taskId)}/patch.diff`
      chosen.push({ taskId, patchPath, patchSha256: result.patch_sha256 })
    }
  }
  if (chosen.length === 0 && problems.length === 0) {
    const why = leftOut.map(({ reason, task_id }) => `${task_id}: ${reason}`).join(" ")
    problems.push(applyProblem("task", `there is nothing to apply. ${why}`.trim()))
  }
  return { chosen, leftOut, problems }
}

/** Why a task's patch may not be taken; undefined where it may. */
const refusal = (result: TaskResult | undefined): string | undefined => {
  if (result === undefined) return "it has no final result."
  if (result.status === "skipped") return "it was never started."
  if (result.status !== "success") {
    return `it ended as ${result.status}${result.error === null ? "" : `: ${result.error.message}`}`
  }
  return result.violations.length === 0 ? undefined : `it broke the policy: ${result.violations[0]?.detail}.`
}

const takeAnyway = (ref: string | null): string | null =>
  ref === null ? null : `To take what it left all the same: git cherry-pick --no-commit ${ref}`
