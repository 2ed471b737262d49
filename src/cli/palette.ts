/** Colour, where a person looks. */

export interface Palette {
  /** Whether escape sequences are wanted at all. */
  readonly on: boolean
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

const paint = (on: boolean): Palette => {
  const sgr = (open: number, close: number) => (text: string) => on ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return { on, bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), yellow: sgr(33, 39) }
}

export const paletteOf = (stream: NodeJS.WriteStream): Palette =>
  paint(stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb")
