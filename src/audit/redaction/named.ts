/** Secrets told by the name before them: `NAME=value`, `"name": "value"`. */
import { startOfPart } from "./shapes.ts"

/** A pattern for a word in any case. */
const anyCase = (word: string): string => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)

const kinds = "(?:key|token|secret)"
const names = [
  anyCase(`_${kinds}`),
  anyCase("passw(?:or)?d"),
  startOfPart + anyCase("(?:secret|token)"),
  // As one word, with a hyphen or a blank too: apiKey, x-api-key, Secret Access Key.
  anyCase(`(?:api|access|auth|refresh|secret|private|client|signing|encryption|session)[ -]?${kinds}`)
].join("|")

/**
 * A secret's name, what separates it from its value, and the quote that opens
 * the value (with its backslashes, in a text that is itself quoted).
 */
export const namedPattern = `(?<name>${names})` +
  String.raw`(?<close>\\{0,3}["'\x60])?\]?(?<separator>[ \t]{0,24}(?:=>|:=|={1,3}(?![=>~])|:(?!:))[ \t]{0,24})` +
  String.raw`(?:[bBfFrRuU]{0,2}(?<quote>\\{0,3}["'\x60]))?(?!\[redacted:)`

const secretNames = new RegExp(`(?:${names}|${anyCase("_(?:pat|pass|pwd|credentials)")})$`)

/** The names of environment variables (and such) whose values are secrets. */
export const looksSecret = (name: string): boolean => secretNames.test(name)

/** Characters of a value that are looked at. */
export const valueReach = 256

export interface Named {
  readonly name: string
  /** A quote closes after the name. */
  readonly isQuoted: boolean
  readonly separator: string
  readonly quote: string
  /** Some text before the name. */
  readonly behind: string
  /** The text from the value's start, at least {@link valueReach} characters of it where there are as many. */
  readonly ahead: string
}

/** What of the value is the secret, as a sticky pattern; undefined where it is none. */
export const secretValue = (named: Named): RegExp | undefined => {
  const { ahead, quote } = named
  if (quote !== "") {
    if (isPrompt(named)) return undefined
    const rest = quotedRest(quote)
    const value = head(rest, ahead)
    // What a name is compared with is a word more often than a secret.
    const isWord = named.separator.includes("==") && /^\D*$/.test(value)
    return isWord || isPlaceholder(value) ? undefined : rest
  }
  const value = head(unquoted, ahead)
  if (value === "" || isPlaceholder(value) || /^[$%&*<{([|>!]/.test(value)) return undefined
  return isLiteral(named, value, ahead[value.length] ?? "") ? unquoted : undefined
}

/** `"Password: "`: the quote after the name is the one that was open. */
const isPrompt = ({ behind, isQuoted, quote }: Named): boolean =>
  !isQuoted && /["'`](?=(?:[A-Za-z][A-Za-z :]*)?$)/.exec(behind)?.[0] === quote.at(-1)

const quotedRest = (quote: string): RegExp => {
  const mark = quote.at(-1)
  if (quote.length > 1) return /[^"'`\\\r\n]*/y
  return mark === "\""
    ? /(?:[^"\\\r\n]|\\[^\r\n])*/y
    : mark === "'"
    ? /(?:[^'\\\r\n]|\\[^\r\n])*/y
    : /(?:[^`\\\r\n]|\\[^\r\n])*/y
}

// A backslash belongs to it unless it escapes the end of the line or of a string.
const unquoted = /(?:[^\s"'`;&|<>(){}[\],\\]|\\(?=[^nrtu"'\\\s]))*/y

const head = (rest: RegExp, ahead: string): string => {
  rest.lastIndex = 0
  return rest.exec(ahead.slice(0, valueReach))?.[0] ?? ""
}

/** What stands where a secret would: a variable, a type, a version, a blank to be filled in. */
const isPlaceholder = (value: string): boolean =>
  value.trim() === "" ||
  /^(?:\$\{[^}]*\}|\$\([^)]*\)|\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+)|\{\{?[^}]*\}?\}|<[^>]*>|%[A-Za-z_]+%?|%\([a-z_]+\)s|\*+|[xX]{3,}|\.{3}|…)$/
    .test(value) ||
  /^(?:true|false|null|none|nil|undefined|string|str|number|boolean|bool|any|unknown|object|required|optional|yes|no|on|off)$/i
    .test(value) ||
  /^#[0-9a-f]{3,8}$/i.test(value) ||
  /^[\^~>=<v]*\d{1,4}\.\d{1,4}(?:\.\d{1,6})?(?:-[a-z0-9.]{1,20})?$/.test(value) ||
  /^(?:process\.env|import\.meta\.env|os\.environ|env)\b/.test(value)

/**
 * An unquoted value may as well be code: `token = getToken()`, `password=password`.
 * After a name in capitals, an option or in a URL's query it is a value, elsewhere
 * it must look like no identifier.
 */
const isLiteral = ({ behind, name, separator }: Named, value: string, next: string): boolean => {
  if (next === "(" || next === "[") return false
  const tight = separator === "="
  if (tight && (name === name.toUpperCase() || /(?:--|[?&])[A-Za-z0-9_-]{0,24}$/.test(behind))) return true
  const isIdentifier = /^[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)*[!?]?$/.test(value)
  const digits = value.replace(/[^0-9]/g, "").length
  const isPassword = /^passw/i.test(name)
  if (!/[A-Za-z]/.test(value)) return tight && (isPassword || value.length >= 8)
  if (isIdentifier) {
    if (digits === 0) return false
    // `token = user1.token`, `key: X25519Key` are code; a password with a digit in it is a password.
    return tight || isPassword || (/^\w{12,}$/.test(value) && /\d\D+\d/.test(value))
  }
  return tight || (endsLine(next) && value.length >= (isPassword ? 4 : 8) && digits > 0)
}

const endsLine = (next: string): boolean => next === "" || /[\s\\"'`,]/.test(next)
