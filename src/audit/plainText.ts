/** Text from elsewhere (a model, a command's output) made fit to be read in a report or at a terminal. */
import { firstCharacters, lastCharacters } from "../process/boundedTail.ts"

// Escape sequences: CSI, OSC (titles, links), and the two-character ones.
const escapes =
  /\u001b\[[0-?]{0,32}[ -/]{0,8}[@-~]|\u001b\][^\u0007\u001b]{0,4096}(?:\u0007|\u001b\\)|\u001b[ -/]{0,8}[0-~]/g
// Invisible characters can reorder or hide what a reader sees; a line's end and a tab are harmless.
const invisible = /[^\P{Cc}\n\t]|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** Without escape sequences and invisible characters; every line ends in LF. */
export const plainText = (text: string): string =>
  text.replace(escapes, "").replace(/\r\n?/g, "\n").replace(invisible, "")

/** On one line, at most `cap` characters, an ellipsis where it was cut. */
export const oneLine = (text: string, cap: number): string => {
  // A few times the cap is enough to look at: what is beyond it can't be shown.
  const line = plainText(firstCharacters(text, 4 * cap)).replace(/\s+/g, " ").trim()
  return line.length <= cap && text.length <= 4 * cap ? line : `${firstCharacters(line, cap - 1)}…`
}

/** The start of a text, with a mark that says how much is left out and where it is. */
export const clipEnd = (text: string, cap: number, rest: string): string => {
  if (text.length <= cap) return text
  const kept = firstCharacters(text, cap)
  return `${kept}\n[… ${text.length - kept.length} more characters: ${rest}]`
}

/** The end of a text, with the mark before it. */
export const clipStart = (text: string, cap: number, rest: string): string => {
  if (text.length <= cap) return text
  const kept = lastCharacters(text, cap)
  return `[… ${text.length - kept.length} characters before this: ${rest}]\n${kept}`
}

/** `1 file`, `2 files`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`
