/** Progress and problems as text for people. */
import { lastAction } from "../audit/lastAction.ts"
import { count, oneLine, plainText } from "../audit/plainText.ts"
import { formatProblem, type Problem } from "../domain/Problem.ts"
import type { TaskResult } from "../domain/Result.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import { seconds } from "./format.ts"
import type { Palette } from "./palette.ts"

/** What is done before a run starts, and why it can take some seconds. */
export const [checking, provenOnce] = [
  "Checking what is needed: git, Codex, the gate",
  "proven once per Codex"
] as const

export const colourOf = (palette: Palette, status: TaskResult["status"]) =>
  status === "success" ? palette.green : status === "skipped" ? palette.dim : palette.red

/** One line for an event worth a line, else undefined. */
export const progressLine = (palette: Palette, event: RunEvent): string | undefined => {
  switch (event._tag) {
    case "RunStarted": {
      const together = event.tasks.length === 1 ? "" : `, ${event.concurrency} at a time`
      const head = `run ${palette.bold(event.run_id)}: ${count(event.tasks.length, "task")}${together}, from ${
        event.base_commit.slice(0, 12)
      }`
      return [head, ...event.warnings.map((warning) => palette.yellow(`note: ${oneLine(warning, 600)}`))].join("\n")
    }
    case "TaskStageEntered":
      return event.stage === "codex" ? line(palette, event.task_id, "working") : undefined
    case "TaskCodexEvent": {
      // Only what has happened; a live view shows what is happening.
      if (event.event.type !== "item.completed" && event.event.type !== "error") return undefined
      const action = lastAction(event.event)
      return action === undefined ? undefined : line(palette, event.task_id, palette.dim(action))
    }
    case "TaskDenied":
      return line(
        palette,
        event.task_id,
        palette.yellow(oneLine(`denied: ${event.denied.what} (${event.denied.reason})`, 300))
      )
    case "TaskNote":
      return line(palette, event.task_id, oneLine(event.message, 600))
    case "TaskFinished": {
      const { result } = event
      const what = colourOf(palette, result.status)(result.status)
      const why = result.error === null ? "" : `: ${oneLine(result.error.message, 160)}`
      return line(
        palette,
        event.task_id,
        `${what} in ${seconds(result.duration_ms)}, ${count(result.files_changed.length, "file")} changed${why}`
      )
    }
    case "RunFinished":
      return undefined
  }
}

const line = (palette: Palette, taskId: string, text: string): string => `${palette.bold(taskId)}  ${text}`

const problemsWith = (consequence: string) => (palette: Palette, problems: ReadonlyArray<Problem>): string =>
  [
    palette.red(`${problems.length === 1 ? "A problem" : `${problems.length} problems`}${consequence}:`),
    ...problems.map((problem) => `  - ${plainText(formatProblem(problem))}`)
  ].join("\n")

/** Every problem of a command that only looks, or changes what is there. */
export const renderProblems = problemsWith("")

/** Every problem of a refused run. */
export const renderNotStarted = problemsWith(", nothing was started")
