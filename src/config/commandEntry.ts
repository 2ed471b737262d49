/**
 * An entry of `allowed_commands`: the leading words of commands that may run.
 * Free of Effect: the gate, which must start in milliseconds, reads it too.
 */
import { quoted } from "../domain/quoted.ts"

/** What a shell would act on. An entry is words, never syntax. */
const syntax = /[;|&$()`\n\r]/

const quotes = /'([^']*)'|"([^"]*)"/g

/** Why a text is no entry; undefined where it is one. */
export const commandEntryFault = (entry: string): string | undefined => {
  if (entry.trim() === "") return "an empty entry would allow every command: write the command's leading words"
  const found = syntax.exec(entry)?.[0]
  if (found !== undefined) {
    return `${quoted(found)} can't be part of an entry: give each command as an entry of its own, in plain words`
  }
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(entry)) return "a control character can't be part of an entry"
  if (entry.includes("\\")) return "a backslash can't be part of an entry: put the word in single quotes"
  return /['"]/.test(entry.replaceAll(quotes, "")) ? "a quote is not closed" : undefined
}

/** The entry's words, quotes taken off: `npm run "type check"` has three. */
export const entryWords = (entry: string): ReadonlyArray<string> =>
  (entry.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []).map((word) =>
    word.replaceAll(quotes, (_, single: string | undefined, double: string | undefined) => single ?? double ?? "")
  )
