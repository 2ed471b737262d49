/** The tasks as a table that fits: columns by the width, rows by the height. */
import { count } from "../../audit/plainText.ts"
import { clock, compact } from "../format.ts"
import type { Palette } from "../palette.ts"
import { cell, fit } from "../width.ts"
import { hasEnded, type LiveTask } from "./LiveState.ts"

export interface Look {
  readonly palette: Palette
  readonly columns: number
  /** Of the whole terminal; one of them stays free for the cursor. */
  readonly rows: number
  /** Milliseconds since the epoch. */
  readonly now: number
  /** How this process is ended by force. */
  readonly pid: number
}

/** Lines, at most `rows` of them: a heading, tasks, and how many are not shown. None where there is no room. */
export const taskTable = (tasks: ReadonlyArray<LiveTask>, look: Look): ReadonlyArray<string> => {
  const { columns, palette, rows } = look
  if (rows < 2 || tasks.length === 0) return []
  const fits = tasks.length <= rows - 1
  const shown = fits ? tasks : mostTelling(tasks).slice(0, Math.max(0, rows - 2))
  const rest = fits ? [] : [palette.dim(fit(restOf(tasks, new Set(shown)), columns))]
  const layout = layoutFor(shown, look)
  const heading = layout.map(({ align, head, width }) => cell(head, width, align)).join("  ")
  return [
    palette.dim(fit(heading.trimEnd(), columns)),
    ...shown.map((task) => row(task, layout, palette)),
    ...rest
  ]
}

/** Those at work, then the most recent, then those that are next. */
const mostTelling = (tasks: ReadonlyArray<LiveTask>): ReadonlyArray<LiveTask> => [
  ...tasks.filter((task) => task.phase !== "waiting" && !hasEnded(task)),
  ...tasks.filter(hasEnded).sort((a, b) => (b.ended?.at ?? 0) - (a.ended?.at ?? 0)),
  ...tasks.filter(({ phase }) => phase === "waiting")
]

const restOf = (tasks: ReadonlyArray<LiveTask>, shown: ReadonlySet<LiveTask>): string => {
  const rest = tasks.filter((task) => !shown.has(task))
  const phases = [...new Set(rest.map(({ phase }) => phase))]
  const counts = phases.map((phase) => `${rest.filter((task) => task.phase === phase).length} ${phase}`)
  return `and ${count(rest.length, "other")}: ${counts.join(", ")}`.replace(
    /^and \d+ others?: (\d+)( \w+)$/,
    "and $1 more$2"
  )
}

interface Column {
  readonly head: string
  readonly align: "left" | "right"
  readonly text: (task: LiveTask, now: number) => string
  readonly paint: (task: LiveTask, palette: Palette) => (text: string) => string
  /** A terminal with fewer columns than this is too narrow for it. */
  readonly from: number
}

interface Placed extends Column {
  readonly width: number
  readonly texts: ReadonlyMap<LiveTask, string>
}

const same = () => (text: string) => text

const number = (head: string, from: number, of: (task: LiveTask) => number | null, zero: string): Column => ({
  head,
  align: "right",
  from,
  paint: same,
  text: (task) => {
    const n = of(task)
    return n === null || task.phase === "waiting" ? "" : n === 0 ? zero : compact(n)
  }
})

const state: Column = {
  head: "STATE",
  align: "left",
  from: 24,
  text: ({ phase }) => phase,
  paint: ({ phase }, { dim, green, red, yellow }) => {
    switch (phase) {
      case "waiting":
      case "skipped":
        return dim
      case "preparing":
      case "checking":
        return yellow
      case "working":
        return (text) => text
      case "success":
        return green
      case "failed":
      case "timeout":
      case "cancelled":
        return red
    }
  }
}

const time: Column = {
  head: "TIME",
  align: "right",
  from: 32,
  paint: same,
  text: ({ ended, startedAt }, now) =>
    ended !== null ? clock(ended.durationMs) : startedAt === null ? "" : clock(now - startedAt)
}

const left: Column = {
  head: "LEFT",
  align: "right",
  from: 100,
  paint: ({ limitAt }, { yellow }) => limitAt === null ? (text) => text : yellow,
  text: ({ limitAt }, now) => limitAt === null ? "" : clock(limitAt - now)
}

const denied: Column = {
  ...number("DENIED", 44, (task) => task.denied, ""),
  paint: (_, { yellow }) => yellow
}

/** Those between the task's name and its last action. */
const middle: ReadonlyArray<Column> = [
  state,
  time,
  left,
  number("CMDS", 44, (task) => task.commands, "0"),
  denied,
  number("TOKENS", 72, (task) => task.tokens, "0"),
  number("FILES", 60, (task) => task.files, "0")
]

const name: Column = { head: "TASK", align: "left", from: 0, text: ({ id }) => id, paint: (_, { bold }) => bold }

const action: Column = {
  head: "LAST ACTION",
  align: "left",
  from: 0,
  text: (task) => task.action,
  paint: (task, { dim }) => hasEnded(task) ? (text) => text : dim
}

/** Columns that a name and a last action need to be worth reading. */
const [leastName, leastAction] = [10, 16]

const layoutFor = (tasks: ReadonlyArray<LiveTask>, { columns, now }: Look): ReadonlyArray<Placed> => {
  const place = (column: Column): Placed => {
    const texts = new Map(tasks.map((task) => [task, column.text(task, now)]))
    return { ...column, texts, width: widest([column.head, ...texts.values()]) }
  }
  const between = middle.filter(({ from }) => columns >= from).map(place)
    .filter((column) => column.head !== "DENIED" || widest([...column.texts.values()]) > 0)
  const taken = between.reduce((sum, { width }) => sum + width + gap, 0)
  const room = columns - taken
  const named = place(name)
  const nameWidth = Math.min(named.width, Math.max(leastName, room - gap - leastAction), Math.max(1, room))
  const actionWidth = room - nameWidth - gap
  const layout = [{ ...named, width: nameWidth }, ...between]
  return actionWidth < leastAction / 2 ? layout : [...layout, { ...place(action), width: actionWidth }]
}

const gap = 2

/** Of texts that take a column for each character. */
const widest = (texts: ReadonlyArray<string>): number => texts.reduce((most, text) => Math.max(most, text.length), 0)

/** Painted last: what is cut or filled up must be text alone. */
const row = (task: LiveTask, layout: ReadonlyArray<Placed>, palette: Palette): string =>
  layout.map(({ align, paint, texts, width }, index) => {
    const text = texts.get(task) ?? ""
    if (text === "") return " ".repeat(width)
    const isLast = index === layout.length - 1
    return paint(task, palette)(isLast && align === "left" ? fit(text, width) : cell(text, width, align))
  }).join("  ").trimEnd()
