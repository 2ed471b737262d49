/** A run's result as text for people: what came of each task, why, and what to do with it. */
import { count, oneLine } from "../audit/plainText.ts"
import { isRehearsal, type RunResult, type TaskResult } from "../domain/Result.ts"
import { compact, seconds } from "./format.ts"
import type { Palette } from "./palette.ts"
import { colourOf } from "./render.ts"
import { table, type TableColumn } from "./table.ts"
import { fit, wrap } from "./width.ts"

export interface ResultView {
  readonly palette: Palette
  /** Of the terminal; undefined: nothing is cut or wrapped. */
  readonly columns: number | undefined
  /** Where patches of the tasks don't go together, a line for each pair. */
  readonly conflicts?: ReadonlyArray<string>
  /** A name and a command for each thing to do next. */
  readonly next: ReadonlyArray<readonly [name: string, command: string]>
}

/** The run as a table, a reason for each task that did not succeed, doubts, conflicts, and what to do next. */
export const renderResult = (result: RunResult, view: ResultView): string => {
  const { columns, conflicts = [], next, palette } = view
  const { heading, lines } = table(columnsFor(result, palette), result.results, {
    columns,
    flexible: "TASK",
    least: 10
  })
  const nameWidth = Math.max(...next.map(([name]) => name.length)) + 1
  const sections: ReadonlyArray<readonly [title: string, lines: ReadonlyArray<string>]> = [
    ["Not successful", readable(reasons(result.results, view))],
    ["Worth a look", readable(doubts(result.results, view))],
    ["Conflicts", readable(conflicts.map((line) => cut(`  ${line}`, columns)))],
    // Commands are never cut: they are there to be copied.
    ["Next", next.map(([name, command]) => `  ${`${name}:`.padEnd(nameWidth)}  ${command}`)]
  ]
  return [
    "",
    palette.bold(heading),
    ...lines,
    "",
    cut(`${result.status} in ${seconds(result.total_duration_ms)}${statuses(result.results)}`, columns),
    ...(isRehearsal(result) ? [cut("A dry run: everything was checked, Codex was not started.", columns)] : []),
    ...sections.flatMap(([title, body]) => body.length === 0 ? [] : ["", palette.bold(title), ...body])
  ].join("\n")
}

const columnsFor = ({ results }: RunResult, palette: Palette): ReadonlyArray<TableColumn<TaskResult>> => [
  { head: "TASK", text: (task) => task.task_id, paint: () => palette.bold },
  { head: "STATUS", text: (task) => task.status, paint: (task) => colourOf(palette, task.status) },
  { head: "TIME", text: (task) => task.status === "skipped" ? "-" : seconds(task.duration_ms) },
  { head: "FILES", text: lineCounts },
  { head: "CMDS", align: "right", text: (task) => String(task.commands_run.length) },
  ...(results.every(({ denied }) => denied.length === 0) ? [] : [denied(palette)]),
  {
    head: "TOKENS",
    align: "right",
    text: ({ usage }) => usage === null ? "-" : compact(usage.input_tokens + usage.output_tokens)
  }
]

const denied = (palette: Palette): TableColumn<TaskResult> => ({
  head: "DENIED",
  align: "right",
  text: (task) => String(task.denied.length),
  paint: (task) => task.denied.length === 0 ? palette.dim : palette.yellow
})

const statuses = (results: ReadonlyArray<TaskResult>): string => {
  const kinds = [...new Set(results.map(({ status }) => status))]
  const counts = kinds.map((kind) => `${results.filter(({ status }) => status === kind).length} ${kind}`)
  return counts.length === 0 ? "" : `: ${counts.join(", ")}`
}

/** Lines of one section: more are not read. */
const maxLines = 40

const readable = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length <= maxLines ? lines : [...lines.slice(0, maxLines), `  … and ${lines.length - maxLines} more lines`]

const cut = (text: string, columns: number | undefined): string => columns === undefined ? text : fit(text, columns)

/** Characters of one reason. */
const maxReason = 400

/** Up to so many reasons are told whole; of more, each has its line. */
const fewReasons = 5

/** Tasks that failed for the same reason, together: a missing login fails them all. */
const reasons = (results: ReadonlyArray<TaskResult>, { columns, palette }: ResultView): ReadonlyArray<string> => {
  const byReason = new Map<string, Array<string>>()
  for (const { error, task_id } of results) {
    if (error === null) continue
    const reason = oneLine(error.message, maxReason)
    byReason.set(reason, [...(byReason.get(reason) ?? []), task_id])
  }
  return [...byReason].flatMap(([reason, ids]) => {
    const names = ids.length <= 3 ? ids.join(", ") : `${ids.slice(0, 2).join(", ")} and ${ids.length - 2} others`
    const text = `${names}: ${reason}`
    const lines = columns !== undefined && byReason.size <= fewReasons
      ? wrap(text, Math.max(10, columns - 4)).map((line, index) => `${index === 0 ? "  " : "    "}${line}`)
      : [cut(`  ${text}`, columns)]
    // The names are painted where they stand whole: a cut one has lost its end.
    return lines.map((line, index) =>
      index === 0 && line.startsWith(`  ${names}:`)
        ? `  ${palette.bold(names)}${line.slice(names.length + 2)}`
        : line
    )
  })
}

/** What a success leaves open: Codex ends its turn well even where its last check failed or calls were denied. */
const doubts = (results: ReadonlyArray<TaskResult>, { columns, palette }: ResultView): ReadonlyArray<string> =>
  results.flatMap((task) => {
    const last = task.commands_run.at(-1)
    const failed = task.status === "success" && last !== undefined && last.exit_code !== null && last.exit_code !== 0
    return [
      ...(failed ? [`its last command failed (exit ${last.exit_code}): ${oneLine(last.cmd, 100)}`] : []),
      ...(task.denied.length === 0
        ? []
        : [`${count(task.denied.length, "call")} denied, the first: ${oneLine(task.denied[0]?.what ?? "", 100)}`])
    ].map((doubt) => palette.yellow(cut(`  ${task.task_id}: ${doubt}`, columns)))
  })

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
