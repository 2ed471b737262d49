/** A stream of bytes as lines of text, with a bound on what one line can hold. */
import * as Chunk from "effect/Chunk"
import * as Stream from "effect/Stream"

export interface Line {
  readonly text: string
  /** The line was longer than the bound: the rest of it was thrown away. */
  readonly truncated: boolean
}

export interface LineOptions {
  /** Bytes of one line, its terminator not counted. */
  readonly maxBytes: number
}

/**
 * Splits on LF or CRLF. A byte order mark at the start is left out, invalid
 * UTF-8 becomes U+FFFD, a last line needs no terminator. The lines don't depend
 * on how the bytes were cut into chunks.
 */
export const splitLines =
  (options: LineOptions) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Line, E, R> =>
    Stream.suspend(() => {
      const splitter = makeSplitter(options)
      return bytes.pipe(
        Stream.mapChunks((chunks) => {
          const lines: Array<Line> = []
          for (const chunk of chunks) splitter.push(chunk, lines)
          return Chunk.unsafeFromArray(lines)
        }),
        Stream.concat(Stream.suspend(() => Stream.fromIterable(splitter.end())))
      )
    })

const LF = 0x0a
const CR = 0x0d

const makeSplitter = ({ maxBytes }: LineOptions) => {
  // Room for what is not the line's own: a byte order mark and a CR that may turn out to be a terminator's.
  const capacity = maxBytes + 4
  let held = new Uint8Array(0)
  let heldBytes = 0
  /** Of the line so far, held or not. */
  let lineBytes = 0
  let isFirst = true

  const hold = (bytes: Uint8Array): void => {
    lineBytes += bytes.length
    const kept = bytes.subarray(0, capacity - heldBytes)
    if (heldBytes + kept.length > held.length) {
      const grown = new Uint8Array(Math.min(capacity, Math.max(1024, 2 * held.length, heldBytes + kept.length)))
      grown.set(held.subarray(0, heldBytes))
      held = grown
    }
    held.set(kept, heldBytes)
    heldBytes += kept.length
  }

  /** @param line the start of the line, all of it where it is no longer than `capacity` */
  const decode = (line: Uint8Array, length: number, terminated: boolean): Line => {
    const start = isFirst && startsWithMark(line) ? 3 : 0
    isFirst = false
    const end = terminated && length === line.length && line[length - 1] === CR ? length - 1 : length
    if (end - start <= maxBytes) return { text: utf8(line, start, end), truncated: false }
    return { text: utf8(line, start, wholeCharacters(line, start, start + maxBytes)), truncated: true }
  }

  const flush = (terminated: boolean): Line => {
    const line = decode(held.subarray(0, heldBytes), lineBytes, terminated)
    // One long line must not keep its memory for as long as the stream lives.
    if (held.length > 65_536) held = new Uint8Array(0)
    heldBytes = 0
    lineBytes = 0
    return line
  }

  return {
    push: (chunk: Uint8Array, into: Array<Line>): void => {
      let from = 0
      for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
        const bytes = chunk.subarray(from, at)
        from = at + 1
        if (lineBytes === 0) {
          into.push(decode(bytes, bytes.length, true))
        } else {
          hold(bytes)
          into.push(flush(true))
        }
      }
      if (from < chunk.length) hold(chunk.subarray(from))
    },
    end: (): ReadonlyArray<Line> => (lineBytes === 0 ? [] : [flush(false)])
  }
}

const startsWithMark = (bytes: Uint8Array): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf

const utf8 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8")

/** Where to cut at or before `end`, so that no character is halved. */
const wholeCharacters = (bytes: Uint8Array, start: number, end: number): number => {
  for (let lead = end - 1; lead >= start && lead >= end - 3; lead--) {
    const byte = bytes[lead] ?? 0
    if (byte >= 0xc0) return lead + (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > end ? lead : end
    if (byte < 0x80) return end
  }
  return end
}
