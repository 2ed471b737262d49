/** From one frame to the next as bytes for a terminal. Pure: what is on the screen is a value, handed on. */
import { stripVTControlCharacters } from "node:util"
import { widthOf } from "../width.ts"

/** Columns of each line of the view as it stands on the screen, the cursor at the start of the line below. */
export type OnScreen = ReadonlyArray<number>

export const nothing: OnScreen = []

export interface Paint {
  /** Whole lines that come to stand above the view, and stay. */
  readonly above: string
  readonly lines: ReadonlyArray<string>
  /** Of the terminal, now. */
  readonly columns: number
}

// Each paint leaves the terminal as a shell wants it: we may be killed after any.
const [begin, end] = ["\u001b[?2026h\u001b[?25l", "\u001b[?25h\u001b[?2026l"]
// Without automatic wrap a line that a terminal takes for wider than we do, or
// that was made for a terminal that is narrower by now, is cut and stays one.
const [noWrap, wrap] = ["\u001b[?7l", "\u001b[?7h"]
const [clearLine, clearBelow] = ["\u001b[K", "\u001b[J"]

/** What to write, and what is on the screen then. */
export const paint = (before: OnScreen, { above, columns, lines }: Paint): readonly [string, OnScreen] => {
  const up = rowsOf(before, columns)
  const start = up === 0 ? "\r" : `\u001b[${up}A\r`
  const said = above === "" ? "" : `${clearBelow}${above.endsWith("\n") ? above : `${above}\n`}`
  const widths = lines.map((line) => widthOf(stripVTControlCharacters(line)))
  // After a line that fills its row the cursor stands on the last character, which would be cleared, too.
  const body = lines.map((line, at) => `${line}${(widths[at] ?? 0) < columns ? clearLine : ""}\n`).join("")
  return [`${begin}${start}${said}${noWrap}${body}${wrap}${clearBelow}${end}`, widths]
}

/** Rows that the view takes now: a terminal that became narrower has wrapped what didn't fit any more. */
const rowsOf = (widths: OnScreen, columns: number): number =>
  widths.reduce((rows, width) => rows + Math.max(1, Math.ceil(width / columns)), 0)
