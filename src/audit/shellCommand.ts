/** The command that the model asked for, out of the one that Codex shows. */

const shells = /(?:^|\/)(?:ba|z|da|k|mk|a|fi)?sh$/
/** What an unquoted word may hold: nothing that a shell would act upon. */
const literal = /[A-Za-z0-9_@%+=:,.\]/\u0080-\uffff-]/

/**
 * Codex starts `<user's shell> -lc <command>` (or `-c`), and shows these three
 * as one text, quoted for a POSIX shell. Gives the third as it was before the
 * quoting; a text of any other shape comes back as it is.
 */
export const unwrapShell = (command: string): string => {
  const words = literalWords(command, 3)
  if (words === undefined || words.length !== 3) return command
  const [shell = "", flag = "", inner = ""] = words
  return shells.test(shell) && /^-l?c$/.test(flag) ? inner : command
}

/**
 * A command as a person would write it: without the folders that the gate puts
 * before it, the quotes that it needs not, and the folders of programs. For the
 * eye alone.
 */
export const readable = (command: string): string =>
  command.replace(/^export TMPDIR="[^"]*"; /, "")
    .replace(/^cd '(?:[^']|'\\'')*' && /, "")
    .replace(/'([A-Za-z0-9_@%+=:,./-]+)'/g, "$1")
    .replace(/(^|&& |\|\| |; |\| )(?:\/[\w.-]+)+\/([\w.-]+)/g, "$1$2")

/** The words of a text in which a shell would expand nothing; undefined for any other text, or for more words. */
const literalWords = (text: string, most: number): ReadonlyArray<string> | undefined => {
  const words: Array<string> = []
  let at = 0
  while (at < text.length) {
    if (words.length === most) return undefined
    const word = literalWord(text, at)
    if (word === undefined) return undefined
    words.push(word.text)
    if (word.end === text.length) break
    if (text[word.end] !== " ") return undefined
    at = word.end + 1
  }
  return words
}

/** One word, made of any mix of quoted and unquoted parts, up to a blank or the end. */
const literalWord = (text: string, start: number): { readonly text: string; readonly end: number } | undefined => {
  const parts: Array<string> = []
  let at = start
  while (at < text.length && text[at] !== " ") {
    const char = text[at] ?? ""
    if (char === "'") {
      const close = text.indexOf("'", at + 1)
      if (close === -1) return undefined
      parts.push(text.slice(at + 1, close))
      at = close + 1
    } else if (char === "\"") {
      const quoted = doubleQuoted(text, at + 1)
      if (quoted === undefined) return undefined
      parts.push(quoted.text)
      at = quoted.end
    } else if (char === "\\") {
      const next = text[at + 1]
      if (next === undefined) return undefined
      // A backslash before a newline joins two lines.
      parts.push(next === "\n" ? "" : next)
      at += 2
    } else if (literal.test(char)) {
      parts.push(char)
      at += 1
    } else {
      return undefined
    }
  }
  return at === start ? undefined : { text: parts.join(""), end: at }
}

/** Between double quotes, a backslash escapes ``$ ` " \`` and a newline, and stands for itself before all else. */
const doubleQuoted = (text: string, start: number): { readonly text: string; readonly end: number } | undefined => {
  const parts: Array<string> = []
  let from = start
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (char === "\"") return { text: parts.join("") + text.slice(from, at), end: at + 1 }
    if (char === "$" || char === "`") return undefined
    if (char !== "\\") continue
    const next = text[at + 1] ?? ""
    if (next === "\n" || /[$`"\\]/.test(next)) {
      parts.push(text.slice(from, at), next === "\n" ? "" : next)
      from = at + 2
    }
    at += 1
  }
  return undefined
}
