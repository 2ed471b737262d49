/** A word of the shell, read from its syntax tree by an allow-list of what may be in it. */
import type { Word as SyntaxWord, WordPart } from "unbash"
import { refuse, shown } from "./model.ts"

/** A stretch of a word: text to take literally, or a pattern (`*`, `?`, `[a-z]`). */
export interface Piece {
  readonly text: string
  readonly pattern: boolean
}

export interface Word {
  /** The text without its quotes; patterns as written. */
  readonly value: string
  /** Present where an unquoted pattern is in the word. */
  readonly pattern: ReadonlyArray<Piece> | undefined
  /** As written. */
  readonly source: string
}

const PART_NAMES: Readonly<
  Record<Exclude<WordPart["type"], "Literal" | "Glob" | "SingleQuoted" | "DoubleQuoted">, string>
> = {
  AnsiCQuoted: "$'…' quotes",
  LocaleString: "$\"…\" quotes",
  SimpleExpansion: "variables ($NAME)",
  ParameterExpansion: "parameter expansion (${…})",
  CommandExpansion: "command substitution ($(…) or backticks)",
  ArithmeticExpansion: "arithmetic ($((…)))",
  ProcessSubstitution: "process substitution (<(…) or >(…))",
  ExtendedGlob: "extended patterns (@(…))",
  BraceExpansion: "brace expansion ({a,b})"
}

export const refuseSyntax = (what: string, hint = "Write plain commands of literal or quoted words."): never =>
  refuse(`Shell syntax not allowed: ${what}. ${hint}`)

const UNQUOTED = /^[A-Za-z0-9_%+,\-./:=@^~#!{}\]\u0080-\u{10FFFF}]$/u

/** Unquoted text: backslash takes the next character literally, and joins lines. */
const readUnquoted = (text: string): string => {
  let value = ""
  const characters = [...text]
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? ""
    if (character === "\\") {
      index++
      const escaped = characters[index]
      if (escaped === undefined) return refuseSyntax("a backslash at the end")
      if (escaped !== "\n") value += escaped
    } else if (UNQUOTED.test(character)) value += character
    else {return refuseSyntax(
        `an unquoted ${JSON.stringify(character)} in ${shown(text)}`,
        "Put the word in single quotes."
      )}
  }
  return value
}

/** What may follow a `$` that stays a plain dollar, as at the end of a regular expression. */
const AFTER_DOLLAR = /^(?:$|[ |)/,\\\]])/

const readDoubleQuoted = (text: string): string => {
  let value = ""
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    const next = text.charAt(index + 1)
    if (character === "\\" && /^["$`\\\n]$/.test(next)) {
      index++
      if (next !== "\n") value += next
    } else if (character === "`" || (character === "$" && !AFTER_DOLLAR.test(text.slice(index + 1)))) {
      return refuseSyntax("\"$\" or a backtick in double quotes", "Use single quotes.")
    } else value += character
  }
  return value
}

const BRACKET = /^\[!?[A-Za-z0-9_.,-]+\]$/

const readPart = (part: WordPart): Piece => {
  switch (part.type) {
    case "Literal":
      return { text: readUnquoted(part.text), pattern: false }
    case "SingleQuoted":
      if (part.text !== `'${part.value}'`) return refuseSyntax(shown(part.text))
      return { text: part.value, pattern: false }
    case "DoubleQuoted":
      for (const child of part.parts) {
        if (child.type !== "Literal") {
          refuseSyntax(`${PART_NAMES[child.type] ?? child.type} in double quotes`, "Use single quotes.")
        }
      }
      return { text: readDoubleQuoted(part.text.slice(1, -1)), pattern: false }
    case "Glob":
      if (part.kind === "bracket" && !BRACKET.test(part.text)) refuseSyntax(`the pattern ${shown(part.text)}`)
      return { text: part.text, pattern: true }
    default:
      return refuseSyntax(PART_NAMES[part.type] ?? "an unknown kind of word")
  }
}

/** Where the shell expands `~`: at the start of a word, and after `=` or `:` in what looks like an assignment. */
const TILDE = /(?:^|[=:])~/
const BRACES = /\{[^{}]*(?:,|\.\.)/

export const readWord = (word: SyntaxWord, text: string): Word => {
  const source = text.slice(word.pos, word.end)
  if (source !== word.text) return refuseSyntax("a word that the parser could not place")
  const pieces = word.parts === undefined ? [{ text: readUnquoted(source), pattern: false }] : word.parts.map(readPart)
  if (word.parts !== undefined && word.parts.map((part) => part.text).join("") !== source) {
    return refuseSyntax("a word that the parser could not place")
  }
  const unquoted = word.parts === undefined
    ? source
    : word.parts.map((part) => part.type === "Literal" ? part.text : "'").join("")
  if (TILDE.test(unquoted)) return refuseSyntax("~", "Write the path out, relative to the working folder.")
  if (BRACES.test(unquoted)) return refuseSyntax(PART_NAMES.BraceExpansion, "Write each word out, or quote it.")
  const value = pieces.map((piece) => piece.text).join("")
  // Two readers of the same word must agree.
  if (value !== word.value) return refuseSyntax(`the word ${shown(source)}, which can be read in two ways`)
  return { value, source, pattern: pieces.some((piece) => piece.pattern) ? pieces : undefined }
}
