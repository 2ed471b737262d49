/** Characters that make a text look like another one. */
import { refuse } from "./model.ts"

// Controls, formats (zero width, direction), lone surrogates, unassigned, blanks
// other than space, tab and newline, and what is drawn as nothing; but for the
// selector in many emoji.
const DECEIVING = /(?![ \t\n]|\uFE0F)[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u

const DASH_LOOKALIKE = /^[^-\p{ASCII}]/u

export const refuseDeceivingCharacters = (text: string): void => {
  const found = DECEIVING.exec(text)
  if (found === null) return
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")
  refuse(`Character not allowed: U+${code} at position ${found.index}. Use plain spaces and newlines only.`)
}

/** A dash that is no `-`, such as `–` or `−`: what follows it looks like an option and isn't one. */
export const startsWithFalseDash = (word: string): boolean =>
  DASH_LOOKALIKE.test(word) && /^[\p{Pd}\u2212\u02D7\u30FC\u4E00\u2500\u2501]/u.test(word)
