/** What goes to the terminal: results on stdout, everything else on stderr, colour where a person looks. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

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

export class Output extends Context.Tag("codex-runner/Output")<
  Output,
  {
    /** A result. */
    readonly out: (text: string) => Effect.Effect<void>
    /** Progress, or an error. */
    readonly err: (text: string) => Effect.Effect<void>
    readonly onOut: Palette
    readonly onErr: Palette
    /** Columns of the terminal, or what fits most. */
    readonly columns: number
  }
>() {
  static readonly layer = Layer.sync(Output, () => {
    const colour = (stream: NodeJS.WriteStream) =>
      stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"
    return {
      out: (text) => write(process.stdout, text),
      err: (text) => write(process.stderr, text),
      onOut: paint(colour(process.stdout)),
      onErr: paint(colour(process.stderr)),
      columns: process.stdout.columns ?? 100
    }
  })
}

/** Done once the stream has taken it; a reader that went away is no failure of ours. */
const write = (stream: NodeJS.WriteStream, text: string) =>
  Effect.async<void>((resume) => {
    stream.write(`${text}\n`, () => resume(Effect.void))
  })
