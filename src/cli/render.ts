/** Results and progress as text for people. */
import { lastAction } from "../audit/lastAction.ts"
import { count, oneLine, plainText } from "../audit/plainText.ts"
import { formatProblem, type Problem } from "../domain/Problem.ts"
import type { RunResult, TaskResult } from "../domain/Result.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import type { Palette } from "./output.ts"

const seconds = (ms: number): string => {
  const tenths = Math.round(ms / 100)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

const colourOf = (palette: Palette, status: TaskResult["status"]) =>
  status === "success" ? palette.green : status === "skipped" ? palette.dim : palette.red

/** One line for an event worth a line, else undefined. */
export const progressLine = (palette: Palette, event: RunEvent): string | undefined => {
  switch (event._tag) {
    case "RunStarted": {
      const head = `run ${palette.bold(event.run_id)}: ${
        count(event.tasks.length, "task")
      }, ${event.concurrency} at a time, from ${event.base_commit.slice(0, 12)}`
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

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd())
}

/** The run as a table, with a reason for each task that did not succeed, and what to do next. */
export const renderResult = (palette: Palette, result: RunResult, repository: string): string => {
  const rows = result.results.map((task) => [
    task.task_id,
    task.status,
    seconds(task.duration_ms),
    lineCounts(task),
    String(task.commands_run.length),
    task.usage === null ? "-" : String(task.usage.input_tokens + task.usage.output_tokens)
  ])
  const [head = "", ...body] = table([["TASK", "STATUS", "TIME", "FILES", "COMMANDS", "TOKENS"], ...rows])
  const coloured = body.map((text, index) => {
    const status = result.results[index]?.status ?? "skipped"
    return text.replace(` ${status} `, ` ${colourOf(palette, status)(status)} `)
  })
  const reasons = result.results.filter((task) => task.error !== null).map((task) =>
    `${palette.bold(task.task_id)}: ${oneLine(task.error?.message ?? "", 400)}\n  log: ${task.log_dir}`
  )
  const doubts = result.results.flatMap((task) => doubtsOf(palette, task))
  return [
    "",
    palette.bold(head),
    ...coloured,
    "",
    `${result.status} in ${seconds(result.total_duration_ms)}`,
    ...(reasons.length === 0 ? [] : ["", ...reasons]),
    ...(doubts.length === 0 ? [] : ["", ...doubts]),
    ...nextSteps(palette, result, repository)
  ].join("\n")
}

/** What a success leaves open: Codex ends its turn well even where its last check failed or calls were denied. */
const doubtsOf = (palette: Palette, task: TaskResult): ReadonlyArray<string> => {
  const last = task.commands_run.at(-1)
  const failed = task.status === "success" && last !== undefined && last.exit_code !== null && last.exit_code !== 0
  const lines = [
    ...(failed ? [`its last command failed: ${oneLine(last.cmd, 100)} (exit ${last.exit_code})`] : []),
    ...(task.denied.length === 0
      ? []
      : [`${count(task.denied.length, "call")} denied, the first: ${oneLine(task.denied[0]?.what ?? "", 100)}`])
  ]
  return lines.map((line) => `${palette.bold(task.task_id)}: ${palette.yellow(line)}`)
}

const lineCounts = ({ files_changed, patch }: TaskResult): string => {
  if (files_changed.length === 0) return "-"
  let [added, deleted, inHunk] = [0, 0, false]
  // Outside a hunk, `+++` and `---` are the file's names; inside, a line that starts with two more of its kind.
  for (const text of patch.split("\n")) {
    if (text.startsWith("@@")) inHunk = true
    else if (text.startsWith("diff --git ")) inHunk = false
    else if (inHunk && text.startsWith("+")) added++
    else if (inHunk && text.startsWith("-")) deleted++
  }
  return `${files_changed.length} (+${added} -${deleted})`
}

const shellWord = (text: string): string => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

const nextSteps = (palette: Palette, result: RunResult, repository: string): ReadonlyArray<string> => {
  const good = result.results.filter((task) => task.patch_applicable && task.status === "success" && task.ref !== null)
  const first = good[0]
  if (first === undefined) return []
  const git = `git -C ${shellWord(repository)}`
  return [
    "",
    palette.bold("Next"),
    `  look:   ${git} show ${first.ref}`,
    `  apply:  ${git} apply --index ${shellWord(first.patch_path ?? "")}`,
    ...(good.length === 1
      ? []
      : [`  the others: ${good.slice(1, 4).map((task) => task.ref).join(", ")}${good.length > 4 ? ", …" : ""}`])
  ]
}

/** Every problem of a refused run. */
export const renderProblems = (palette: Palette, problems: ReadonlyArray<Problem>): string =>
  [
    palette.red(`${problems.length === 1 ? "A problem" : `${problems.length} problems`}, nothing was started:`),
    ...problems.map((problem) => `  - ${plainText(formatProblem(problem))}`)
  ].join("\n")
