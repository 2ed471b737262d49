/** Text by the columns it takes at a terminal, which are not its characters. For text without escape sequences. */
import stringWidth from "string-width"
import { graphemes, wrapBy } from "./wrap.ts"

const isPlainAscii = (text: string): boolean => /^[ -~]*$/.test(text)

export const widthOf = (text: string): number => isPlainAscii(text) ? text.length : stringWidth(text)

/** At most so many columns of it, an ellipsis where it was cut. */
export const fit = (text: string, columns: number): string => {
  if (columns <= 0) return ""
  if (isPlainAscii(text)) {
    return text.length <= columns ? text : `${text.slice(0, columns - 1).trimEnd()}…`
  }
  let [taken, kept] = [0, ""]
  for (const { segment } of graphemes(text)) {
    taken += widthOf(segment)
    if (taken > columns) return `${kept.trimEnd()}…`
    // The ellipsis needs a column, if it comes to that.
    if (taken < columns) kept += segment
  }
  return text
}

/** Exactly so many columns: cut, or filled up at one side. */
export const cell = (text: string, columns: number, align: "left" | "right" = "left"): string => {
  const fitted = fit(text, columns)
  const room = " ".repeat(Math.max(0, columns - widthOf(fitted)))
  return align === "left" ? fitted + room : room + fitted
}

/** {@link wrapBy} by columns of a terminal. */
export const wrap = wrapBy(widthOf)

/** Wrapped lines behind `indent`, all but the first a little further in; one line where there is no terminal. */
export const hanging = (text: string, indent: string, columns = Infinity): ReadonlyArray<string> => {
  if (widthOf(text) <= columns - indent.length) return [indent + text]
  const start = indent + (/^ */.exec(text)?.[0] ?? "")
  return wrap(text.trimStart(), Math.max(20, columns - start.length - 2))
    .map((line, at) => at === 0 ? start + line : `${start}  ${line}`)
}
