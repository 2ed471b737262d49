/**
 * Texts too long for a result, masked before they are cut: half a secret has no
 * shape to know it by. What was read is itself only a part of the whole, so its
 * edge may be half a secret already: as much of it as one can take is left out.
 */
import { redactionMargin } from "../audit/redactEvent.ts"
import { firstCharacters, lastCharacters } from "../process/boundedTail.ts"

/** A part of a text. */
export interface Part {
  readonly text: string
  /** Whether the whole goes on beyond it. */
  readonly isCut: boolean
}

/** Characters to read of a text, so that so many of them can be told. */
export const toRead = (cap: number): number => cap + redactionMargin

/** The end of a whole that has at least this as its end, with a mark in place of what came before. */
export const maskedEnd = (
  { isCut, text }: Part,
  redact: (text: string) => string,
  cap: number,
  rest: string
): string => {
  const masked = redact(text)
  if (!isCut && masked.length <= cap) return masked
  return `[… the start is left out: ${rest}]\n${lastCharacters(masked, kept(masked, isCut, cap))}`
}

/** The start of one, with the mark after it. */
export const maskedStart = (
  { isCut, text }: Part,
  redact: (text: string) => string,
  cap: number,
  rest: string
): string => {
  const masked = redact(text)
  if (!isCut && masked.length <= cap) return masked
  return `${firstCharacters(masked, kept(masked, isCut, cap))}\n[… cut here: ${rest}]`
}

const kept = (masked: string, isCut: boolean, cap: number): number =>
  isCut ? Math.min(cap, Math.max(0, masked.length - redactionMargin)) : cap
