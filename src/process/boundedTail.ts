/**
 * The last part of a text that may be far longer than anyone wants to hold.
 * A value: `append` gives a new tail, and costs the length of what is appended,
 * whatever came before.
 */
export interface BoundedTail {
  /** In UTF-16 code units. */
  readonly cap: number
  /** All that was ever appended. */
  readonly total: number
  /** Up to twice the cap, so that one cut pays for a whole cap of appending. */
  readonly held: string
}

/** @param cap how many characters (UTF-16 code units) are kept, at least 1. */
export const empty = (cap: number): BoundedTail => ({ cap: Math.max(1, Math.floor(cap)), total: 0, held: "" })

export const append = (tail: BoundedTail, text: string): BoundedTail => {
  if (text === "") return tail
  const held = tail.held + text
  return {
    cap: tail.cap,
    total: tail.total + text.length,
    held: held.length > 2 * tail.cap ? copy(held.slice(-tail.cap)) : held
  }
}

/** The last `cap` characters; a pair of surrogates is never halved. */
export const text = (tail: BoundedTail): string => lastCharacters(tail.held, tail.cap)

/** How many characters came before {@link text}. */
export const dropped = (tail: BoundedTail): number => tail.total - text(tail).length

/** The end of a text, at most `cap` characters, in memory of its own. */
export const lastCharacters = (text: string, cap: number): string => {
  if (text.length <= cap) return text
  const from = text.length - cap
  return copy(text.slice(isLowSurrogate(text.charCodeAt(from)) ? from + 1 : from))
}

/** The start of a text, at most `cap` characters, in memory of its own. */
export const firstCharacters = (text: string, cap: number): string => {
  if (text.length <= cap) return text
  return copy(text.slice(0, isLowSurrogate(text.charCodeAt(cap)) ? cap - 1 : cap))
}

/** The second half of a pair: a text that begins with it is none that every reader takes. */
export const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** A slice keeps the whole string it was taken from alive: megabytes for a few lines. */
const copy = (slice: string): string => Buffer.from(slice, "utf16le").toString("utf16le")
