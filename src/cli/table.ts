/** A table of texts, as wide as they are; at a terminal no wider than that. */
import { cell, fit, widthOf } from "./width.ts"

export interface TableColumn<Row> {
  readonly head: string
  readonly align?: "left" | "right"
  readonly text: (row: Row) => string
  readonly paint?: (row: Row) => (text: string) => string
}

const gap = 2

/**
 * A heading and a line for each row. `flexible` names the head of the column
 * that is cut where the terminal has too few columns, to no less than `least`.
 */
export const table = <Row>(
  columns: ReadonlyArray<TableColumn<Row>>,
  rows: ReadonlyArray<Row>,
  { columns: limit, flexible, least }: {
    readonly columns: number | undefined
    readonly flexible: string
    readonly least: number
  }
): { readonly heading: string; readonly lines: ReadonlyArray<string> } => {
  const texts = columns.map(({ text }) => rows.map(text))
  const natural = columns.map(({ head }, at) => Math.max(widthOf(head), ...(texts[at] ?? []).map(widthOf)))
  const total = natural.reduce((sum, width) => sum + width + gap, -gap)
  const over = limit === undefined ? 0 : Math.max(0, total - limit)
  const widths = columns.map(({ head }, at) => {
    const width = natural[at] ?? 0
    return head === flexible ? Math.min(width, Math.max(least, width - over)) : width
  })
  const line = (textOf: (at: number) => string, paintOf: (at: number) => (text: string) => string): string => {
    const cells: Array<string> = []
    let left = limit ?? Number.POSITIVE_INFINITY
    for (const [at, { align }] of columns.entries()) {
      // What has no room at all any more is cut from the right, as it is where a terminal doesn't wrap.
      const padded = fit(cell(textOf(at), widths[at] ?? 0, align), left)
      if (padded !== "") cells.push(paintOf(at)(at === columns.length - 1 ? padded.trimEnd() : padded))
      left -= (widths[at] ?? 0) + gap
    }
    return cells.join(" ".repeat(gap)).trimEnd()
  }
  const same = (text: string) => text
  return {
    heading: line((at) => columns[at]?.head ?? "", () => same),
    lines: rows.map((row, index) => line((at) => texts[at]?.[index] ?? "", (at) => columns[at]?.paint?.(row) ?? same))
  }
}
