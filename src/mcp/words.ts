/** A run in the few words that a model reads first. What comes from tasks is quoted, on one line, and short. */
import { oneLine } from "../audit/plainText.ts"
import { quoted } from "../domain/quoted.ts"
import type { TaskResult } from "../domain/Result.ts"
import { isOver, type RunSummary } from "../domain/RunState.ts"
import type { Progress } from "./schemas.ts"

const statuses: ReadonlySet<string> = new Set(["success", "failed", "timeout", "skipped", "cancelled"])

/** Whether anything may come of a task still. */
export const isTaskOver = ({ status, tasks }: RunSummary, taskId: string): boolean =>
  isOver(status) || tasks.some(({ state, task_id }) => task_id === taskId && statuses.has(state))

export const progressOf = ({ tasks }: RunSummary): Progress => {
  const done = tasks.filter(({ state }) => statuses.has(state))
  const waiting = tasks.filter(({ state }) => state === "waiting").length
  return {
    total: tasks.length,
    done: done.length,
    succeeded: done.filter(({ state }) => state === "success").length,
    waiting,
    running: tasks.filter(({ state }) => state !== "waiting" && !statuses.has(state))
  }
}

const duration = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `2 of 5 tasks done; at work: a (codex), b (capture); 1 waiting`. */
export const progressWords = ({ done, running, total, waiting }: Progress): string => {
  const shown = running.slice(0, 5).map(({ state, task_id }) => `${task_id} (${state})`)
  const more = running.length > shown.length ? ` and ${running.length - shown.length} more` : ""
  return [
    `${done} of ${total} ${total === 1 ? "task" : "tasks"} done`,
    ...(shown.length === 0 ? [] : [`at work: ${shown.join(", ")}${more}`]),
    ...(waiting === 0 ? [] : [`${waiting} waiting`])
  ].join("; ")
}

export const headline = (summary: RunSummary, progress: Progress, totalMs: number): string => {
  const { run_id, status } = summary
  if (!isOver(status)) return `Run ${run_id} is still running, which is normal: ${progressWords(progress)}.`
  const took = totalMs > 0 ? ` in ${duration(totalMs)}` : ""
  return `Run ${run_id} is ${status}${took}: ${progress.succeeded} of ${progress.total} ${
    progress.total === 1 ? "task" : "tasks"
  } succeeded.`
}

const said = (text: string, cap: number): string => quoted(oneLine(text, cap))

/** One task on one line: how it ended, what it changed, and its own or the runner's words. */
export const taskLine = (task: TaskResult): string => {
  const facts = [
    task.error === null ? task.status : `${task.status} (${task.error.kind}): ${oneLine(task.error.message, 300)}`,
    ...(task.files_changed.length === 0
      ? []
      : [
        `${task.files_changed.length} ${task.files_changed.length === 1 ? "file" : "files"} changed`,
        task.patch_applicable ? "patch applies" : "patch is not to be used as it is"
      ]),
    ...(task.denied.length === 0 ? [] : [`${task.denied.length} denied`]),
    ...(task.ref === null ? [] : [`in ${task.ref}`]),
    ...(task.notes_for_manager === "" ? [] : [`notes: ${oneLine(task.notes_for_manager, 240)}`]),
    ...(task.summary === "" ? [] : [`Codex says ${said(task.summary, 160)}`])
  ]
  return `- ${task.task_id}: ${facts.join("; ")}`
}

/** Lines as long as they fit into so many bytes; after them the number of the others, and where those are. */
export const linesWithin = (
  lines: ReadonlyArray<string>,
  bytes: number,
  where = ", see structuredContent"
): ReadonlyArray<string> => {
  const shown: Array<string> = []
  let left = bytes - 60
  for (const line of lines) {
    left -= Buffer.byteLength(line) + 1
    if (left < 0) return [...shown, `… and ${lines.length - shown.length} more${where}.`]
    shown.push(line)
  }
  return shown
}
