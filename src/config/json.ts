/**
 * Strict JSON with faults that say where: `JSON.parse` alone names no line, and
 * takes the last of two fields of one name without a word.
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import { quotedShort } from "../domain/quoted.ts"

export interface JsonFault {
  /** From 1. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** What may come next. A value or key after a comma can't be a closing bracket. */
type Expected = "value" | "value or ]" | "key" | "key or }" | ":" | ", or end" | "end"

const told: Record<Expected, string> = {
  "value": "a value",
  "value or ]": "a value or \"]\"",
  "key": "a field's name in double quotes",
  "key or }": "a field's name in double quotes or \"}\"",
  ":": "\":\"",
  ", or end": "\",\" or the closing bracket",
  "end": "the end of the text"
}

const token =
  /[{}[\],:]|"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y

/** So many are told; finding each one's line reads the text again. */
const maxDuplicates = 20

/** The duplicate fields, or the first error of syntax. Never throws. */
export const parseJson = (text: string): Either.Either<unknown, Arr.NonEmptyReadonlyArray<JsonFault>> => {
  const faults = scan(text)
  return Arr.isNonEmptyReadonlyArray(faults) ? Either.left(faults) : Either.try({
    try: (): unknown => JSON.parse(text),
    catch: () => Arr.of({ line: 1, column: 1, message: "the text is not JSON" })
  })
}

interface Frame {
  readonly closing: "}" | "]"
  /** The names of an object so far. */
  readonly names: Set<string>
}

const scan = (text: string): ReadonlyArray<JsonFault> => {
  const duplicates: Array<JsonFault> = []
  const open: Array<Frame> = []
  let expected: Expected = "value"
  let offset = 0
  for (;;) {
    while (/[ \t\n\r]/.test(text.charAt(offset))) offset++
    if (offset >= text.length) {
      if (expected === "end") return duplicates
      return [fault(text, offset, `the text ends where ${told[expected]} is expected`)]
    }
    token.lastIndex = offset
    const found = token.exec(text)?.[0]
    const next: Expected | undefined = found === undefined ? undefined : step(found, expected, open)
    if (found === undefined || next === undefined) return [fault(text, offset, refusal(text, offset, expected))]
    if (next === ":") {
      const name = String(JSON.parse(found))
      const names = open.at(-1)?.names
      if (names?.has(name) === true && duplicates.length < maxDuplicates) {
        duplicates.push(fault(text, offset, `the field ${quotedShort(name)} is there twice`))
      }
      names?.add(name)
    }
    expected = next
    offset += found.length
  }
}

/** What may follow a token, or undefined where the token itself may not be there. Keeps the open brackets. */
const step = (found: string, expected: Expected, open: Array<Frame>): Expected | undefined => {
  const top = open.at(-1)
  if (found === "}" || found === "]") {
    const mayClose = expected === ", or end" || expected === "key or }" || expected === "value or ]"
    if (!mayClose || top?.closing !== found) return undefined
    open.pop()
    return open.length === 0 ? "end" : ", or end"
  }
  if (found === ",") return expected !== ", or end" ? undefined : top?.closing === "}" ? "key" : "value"
  if (found === ":") return expected === ":" ? "value" : undefined
  if (expected === "key" || expected === "key or }") return found.startsWith("\"") ? ":" : undefined
  if (expected !== "value" && expected !== "value or ]") return undefined
  if (found === "{" || found === "[") {
    open.push({ closing: found === "{" ? "}" : "]", names: new Set() })
    return found === "{" ? "key or }" : "value or ]"
  }
  return open.length === 0 ? "end" : ", or end"
}

const refusal = (text: string, offset: number, expected: Expected): string => {
  const char = text.charAt(offset)
  if (/^(\/\/|\/\*|#)/.test(text.slice(offset, offset + 2))) return "comments are not part of JSON"
  if (char === "'") return "JSON strings take double quotes"
  if ((char === "}" && expected === "key") || (char === "]" && expected === "value")) {
    return "a comma before a closing bracket is not part of JSON"
  }
  if (char === "\"" && (expected === "key" || expected === "key or }" || expected.startsWith("value"))) {
    return "the string is not closed on its line, or holds an escape that JSON does not know"
  }
  return `expected ${told[expected]}, got ${
    quotedShort(/^[\w.+-]+|[^]/u.exec(text.slice(offset, offset + 40))?.[0] ?? char)
  }`
}

const fault = (text: string, offset: number, message: string): JsonFault => {
  const before = text.slice(0, offset).split("\n")
  return { line: before.length, column: (before.at(-1) ?? "").length + 1, message }
}
