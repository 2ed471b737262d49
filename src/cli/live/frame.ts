/** The live view as lines, made from nothing but what it knows, the terminal's size and the time. */
import { count } from "../../audit/plainText.ts"
import { clock, compact } from "../format.ts"
import { checking, provenOnce } from "../render.ts"
import { fit } from "../width.ts"
import { hasEnded, type LiveState, type LiveTask } from "./LiveState.ts"
import { type Look, taskTable } from "./taskTable.ts"

/** Lines of at most `columns` columns, fewer than `rows`. */
export const frame = (state: LiveState, look: Look): ReadonlyArray<string> => {
  const room = Math.max(1, look.rows - 1)
  const footer = footerOf(state, look)
  if (footer.length >= room) return footer.slice(-room)
  const table = taskTable([...state.tasks.values()], { ...look, rows: room - footer.length - 1 })
  // The free line between them only where there is room for it.
  return table.length === 0 ? footer : [...table, "", ...footer]
}

/** Milliseconds that nobody minds to wait. */
const soon = 2_000

const footerOf = (state: LiveState, look: Look): ReadonlyArray<string> => {
  const { columns, now, palette } = look
  const line = (text: string) => fit(text, columns)
  const elapsed = clock(now - state.startedAt)
  if (state.tasks.size === 0) {
    const what = state.signals > 0 ? "Ending" : checking
    const why = state.signals === 0 && now - state.startedAt >= soon ? `  (${provenOnce})` : ""
    return [palette.dim(line(`${what} … ${elapsed}${why}`))]
  }
  const tasks = [...state.tasks.values()]
  return [
    palette.bold(line(`${elapsed}  ${progress(tasks)}`)),
    line(totals(tasks, now)),
    ...(state.signals === 0 ? [] : farewell(state, tasks, look.pid).map((text) => palette.yellow(line(text))))
  ]
}

const progress = (tasks: ReadonlyArray<LiveTask>): string => {
  const of = (test: (task: LiveTask) => boolean) => tasks.filter(test).length
  const waiting = of(({ phase }) => phase === "waiting")
  const done = of(hasEnded)
  const failed = of((task) => hasEnded(task) && task.phase !== "success" && task.phase !== "skipped")
  const atWork = tasks.length - waiting - done
  return [
    `${done} of ${count(tasks.length, "task")} done`,
    ...(failed === 0 ? [] : [`${failed} not successful`]),
    ...(atWork === 0 ? [] : [`${atWork} at work`]),
    ...(waiting === 0 ? [] : [`${waiting} waiting`])
  ].join(", ")
}

const totals = (tasks: ReadonlyArray<LiveTask>, now: number): string => {
  const sum = (of: (task: LiveTask) => number) => tasks.reduce((all, task) => all + of(task), 0)
  const tokens = sum((task) => task.tokens ?? 0)
  return [
    count(sum((task) => task.commands), "command"),
    `${sum((task) => task.denied)} denied`,
    ...(tokens === 0 ? [] : [`${compact(tokens)} tokens`]),
    `${count(sum((task) => task.files), "file")} changed`,
    ...nextLimit(tasks, now)
  ].join(", ")
}

/** Of the task whose time runs out first. */
const nextLimit = (tasks: ReadonlyArray<LiveTask>, now: number): ReadonlyArray<string> => {
  const limits = tasks.flatMap(({ id, limitAt }) => limitAt === null ? [] : [{ id, limitAt }])
  if (limits.length === 0) return []
  const first = limits.reduce((one, other) => other.limitAt < one.limitAt ? other : one)
  const left = `${clock(first.limitAt - now)} left`
  return [limits.length === 1 && tasks.length === 1 ? left : `${left} for ${first.id}`]
}

/** What is being done, and what a further Ctrl-C does: nothing, for cutting this short would leave things behind. */
const farewell = (
  { signals }: LiveState,
  tasks: ReadonlyArray<LiveTask>,
  pid: number
): ReadonlyArray<string> => {
  const atWork = tasks.filter((task) => task.phase !== "waiting" && !hasEnded(task)).length
  const what = atWork === 0 ? "the run" : `${count(atWork, "task")}, keeping what they did`
  return signals === 1
    ? [`Ending ${what}. This takes seconds; Ctrl-C again changes nothing.`]
    : [
      `Still ending ${what}. To leave at once: kill -9 ${pid}`,
      "Then the next run in this repository ends what is left and keeps what was done."
    ]
}
