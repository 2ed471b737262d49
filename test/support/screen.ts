/** A terminal without a window: bytes in, what a person would see out. */
import { expect } from "@effect/vitest"
import xterm from "@xterm/headless"

export interface Screen {
  /** Done once the terminal shows it. */
  readonly write: (text: string) => Promise<void>
  readonly resize: (columns: number, rows: number) => void
  /** The lines that are in sight, without the empty ones at the end. */
  readonly text: () => string
  /** Those too that have been scrolled away. */
  readonly history: () => string
  /** Whether any cell in sight has a colour or another attribute. */
  readonly isPainted: () => boolean
  readonly cursor: () => { readonly column: number; readonly row: number }
}

export const screen = (columns: number, rows: number): Screen => {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 })
  const lines = (from: number): ReadonlyArray<string> =>
    Array.from(
      { length: terminal.buffer.active.baseY + terminal.rows - from },
      (_, row) => terminal.buffer.active.getLine(from + row)?.translateToString(true).trimEnd() ?? ""
    )
  const joined = (from: number): string => lines(from).join("\n").replace(/\n+$/, "")
  return {
    // A terminal's driver makes a return of each line feed.
    write: (text) => new Promise((resolve) => terminal.write(text.replace(/\r?\n/g, "\r\n"), resolve)),
    resize: (toColumns, toRows) => terminal.resize(toColumns, toRows),
    text: () => joined(terminal.buffer.active.baseY),
    history: () => joined(0),
    isPainted: () => {
      const { baseY } = terminal.buffer.active
      return Array.from({ length: terminal.rows }, (_, row) => terminal.buffer.active.getLine(baseY + row)).some((
        line
      ) =>
        Array.from({ length: line?.length ?? 0 }, (_, column) => line?.getCell(column)).some((cell) =>
          cell !== undefined && !cell.isAttributeDefault()
        )
      )
    },
    cursor: () => ({ column: terminal.buffer.active.cursorX, row: terminal.buffer.active.cursorY })
  }
}

/** What stands on a screen is as it was kept beside the test; what depends on the clock is left out. */
export function expectScreen(text: string, name: string): void {
  expect(text.replace(/\d+:\d\d/g, (time) => time.replace(/\d/g, "0"))).toMatchSnapshot(name)
}
