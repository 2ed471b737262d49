/** Standard input, a whole line at a time, and none longer than a bound. */
import { Transform } from "node:stream"

/** Bytes of one message: far more than the longest plan with its context. */
export const maxLineBytes = 10 * 1024 * 1024

/** Of a line that is left out, for whoever wants to tell its sender. */
const ends = 4096

export interface TooLong {
  readonly bytes: number
  readonly start: string
  readonly end: string
}

/** Passes lines on, each whole and with its newline; one that is too long is told of once it has ended. */
export const boundedLines = (tooLong: (line: TooLong) => void, limit = maxLineBytes): Transform => {
  let held: Array<Buffer> = []
  let bytes = 0
  let start = Buffer.alloc(0)
  let end = Buffer.alloc(0)

  const take = (part: Buffer): void => {
    bytes += part.length
    if (start.length < ends) start = Buffer.concat([start, part.subarray(0, ends - start.length)])
    end = Buffer.concat([end, part.subarray(-ends)]).subarray(-ends)
    if (bytes <= limit) held.push(part)
    else held = []
  }

  return new Transform({
    // Each by itself to the reader, too.
    readableObjectMode: true,
    transform(chunk: Buffer, _encoding, done) {
      let from = 0
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        take(chunk.subarray(from, at + 1))
        from = at + 1
        if (bytes <= limit) this.push(Buffer.concat(held))
        else tooLong({ bytes, start: start.toString(), end: end.toString() })
        held = []
        bytes = 0
        start = end = Buffer.alloc(0)
      }
      if (from < chunk.length) take(chunk.subarray(from))
      done()
    }
  })
}

/**
 * The id of a request of which only both ends are there. Clients write it right
 * at the start or as the very last field; anywhere else it isn't looked for.
 */
export const requestIdOf = ({ end, start }: TooLong): string | number | undefined => {
  const id = String.raw`"id"\s*:\s*(\d{1,15}|"[^"\\]{1,200}")`
  const version = String.raw`"jsonrpc"\s*:\s*"2\.0"`
  const found = new RegExp(String.raw`^\s*\{\s*(?:${version}\s*,\s*)?${id}\s*,`).exec(start) ??
    new RegExp(String.raw`,\s*${id}\s*(?:,\s*${version}\s*)?\}\s*$`).exec(end)
  const text = found?.[1]
  return text === undefined ? undefined : text.startsWith("\"") ? text.slice(1, -1) : Number(text)
}
