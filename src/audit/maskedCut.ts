/**
 * Texts that are masked and cut. Half a secret has no shape to know it by, so
 * they are masked before they are cut; and where what is at hand is itself only
 * a part of the whole (masking megabytes would hold up everything else), its
 * edge may be half a secret already: as much of it as one can take is left out.
 */
import { firstCharacters, lastCharacters } from "../process/boundedTail.ts"
import { pemReach } from "./redaction/shapes.ts"

/** A text, or a part of one. */
export interface Part {
  readonly text: string
  /** Whether the whole goes on beyond it. */
  readonly isCut: boolean
}

/** Characters: as long as the longest secret, and more. */
const margin = pemReach + 1_000

/** Characters of a text to have at hand, so that so many of them can be told. */
export const toRead = (cap: number): number => cap + margin

type Mask = (text: string) => string

const masked =
  (keep: (text: string, most: number) => string) => ({ isCut, text }: Part, mask: Mask, cap: number): Part => {
    const whole = mask(text)
    const most = Math.min(cap, isCut ? Math.max(0, whole.length - margin) : whole.length)
    return { text: keep(whole, most), isCut: isCut || most < whole.length }
  }

const endOf = masked(lastCharacters)
const startOf = masked(firstCharacters)

/** The end of a whole that has at least this as its end, with a mark in place of what came before. */
export const maskedEnd = (part: Part, mask: Mask, cap: number, rest: string): string => {
  const { isCut, text } = endOf(part, mask, cap)
  return isCut ? `[… the start is left out: ${rest}]\n${text}` : text
}

/** The start of one, with the mark after it. */
export const maskedStart = (part: Part, mask: Mask, cap: number, rest: string): string => {
  const { isCut, text } = startOf(part, mask, cap)
  return isCut ? `${text}\n[… cut here: ${rest}]` : text
}

/** The start of a text that may be longer than should be masked: so much of it, or the whole where that is hardly more. */
export const shortenedStart = (text: string, mask: Mask, cap: number, rest: string): string =>
  maskedStart({ text: firstCharacters(text, toRead(cap)), isCut: text.length > toRead(cap) }, mask, Infinity, rest)

/** The end of one, without a mark. */
export const shortenedEnd = (text: string, mask: Mask, cap: number): Part =>
  endOf({ text: lastCharacters(text, toRead(cap)), isCut: text.length > toRead(cap) }, mask, Infinity)
