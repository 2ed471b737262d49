/** Text that must not hide anything, for a terminal: what that would obey or not show is written out. */

// A tab is harmless, and so is a line's end.
const control = /[^\P{Cc}\n\t]/gu
const invisible = /[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** Control characters as `^X`, as less shows them; others that can't be seen by their code point. */
export const visibleText = (text: string): string =>
  text.replace(control, (char) => {
    const code = char.charCodeAt(0)
    return code < 0x80 ? `^${String.fromCharCode(code ^ 0x40)}` : codePoint(char)
  }).replace(invisible, codePoint)

const codePoint = (char: string): string =>
  `<U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`
