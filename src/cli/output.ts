/** What goes to the terminal: results on stdout, everything else on stderr, colour where a person looks. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Palette, paletteOf } from "./palette.ts"

export class Output extends Context.Tag("codex-runner/Output")<
  Output,
  {
    /** A result. */
    readonly out: (text: string) => Effect.Effect<void>
    /** Progress, or an error. */
    readonly err: (text: string) => Effect.Effect<void>
    readonly onOut: Palette
    readonly onErr: Palette
    /** Columns of the terminal that results go to; undefined where they go elsewhere, and nothing is to be cut. */
    readonly columns: number | undefined
  }
>() {
  static readonly layer = Layer.sync(Output, () => {
    return {
      out: (text) => write(process.stdout, text),
      err: (text) => write(process.stderr, text),
      onOut: paletteOf(process.stdout),
      onErr: paletteOf(process.stderr),
      columns: process.stdout.isTTY === true ? process.stdout.columns || 80 : undefined
    }
  })
}

/** Done once the stream has taken it; a reader that went away is no failure of ours. */
const write = (stream: NodeJS.WriteStream, text: string) =>
  Effect.async<void>((resume) => {
    stream.write(`${text}\n`, () => resume(Effect.void))
  })
