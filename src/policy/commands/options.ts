/** Options of read-only commands, taken apart by an allow-list. */
import type { Place } from "./model.ts"
import { refuse, shown } from "./model.ts"
import { requireInside } from "./paths.ts"
import type { Word } from "./words.ts"

type Kind = "flag" | "number" | "count" | "text" | "path" | "word" | "when" | "percent" | "format"

interface Option {
  readonly kind: Kind
  /** The value may be left out, and is part of the same word where it is given. */
  readonly optional: boolean
}

const VALUES: Readonly<Record<Exclude<Kind, "flag" | "text" | "path">, RegExp>> = {
  number: /^\d{1,9}$/,
  count: /^[+-]?\d{1,15}[kKmMgGbB]{0,2}$/,
  word: /^[A-Za-z][A-Za-z0-9:,_+-]*$/,
  when: /^(?:always|never|auto)$/,
  percent: /^\d{1,3}%?$/,
  // `%G…` makes git run the signature program of its configuration.
  format: /^(?![^]*%[-+ ]?G)/
}

export type OptionTable = () => ReadonlyMap<string, Option>

/**
 * Reads a table from its own short notation, once it is needed: `-a` a flag,
 * `-n:number` an option with a value, `--color?:when` one whose value may be left out.
 */
export const options = (...lines: ReadonlyArray<string>): OptionTable => {
  let table: Map<string, Option> | undefined
  return () => {
    if (table !== undefined) return table
    table = new Map()
    for (const entry of lines.join(" ").trim().split(/\s+/)) {
      const [name = "", kind = "flag"] = entry.split(":")
      if (isKind(kind)) table.set(name.replace("?", ""), { kind, optional: name.endsWith("?") })
    }
    return table
  }
}

const isKind = (kind: string): kind is Kind =>
  kind === "flag" || kind === "text" || kind === "path" || Object.hasOwn(VALUES, kind)

export interface Arguments {
  /** Ready to run: checked, values attached or following. */
  readonly options: ReadonlyArray<string>
  /** Names of the options that were given. */
  readonly given: ReadonlySet<string>
  readonly operands: ReadonlyArray<Word>
  /** What came after `--`; undefined where there was none. */
  readonly afterDashes: ReadonlyArray<Word> | undefined
}

export interface OptionRules {
  readonly table: OptionTable
  /** What `-20` means to the command; refused where absent. */
  readonly digits?: (digits: string) => ReadonlyArray<string>
  /** Why an option is missing in the table, or what to use in its place. */
  readonly hints?: Readonly<Record<string, string>>
}

const checkValue = (place: Place, name: string, kind: Kind, value: string): string => {
  if (kind === "path") return value === "-" ? value : requireInside(place, value)
  if (kind === "flag") return refuse(`The option ${name} takes no value.`)
  if (kind !== "text" && !VALUES[kind].test(value)) {
    refuse(`The value ${JSON.stringify(shown(value))} isn't allowed for ${name}.`)
  }
  return value
}

/** Takes the arguments of a command apart; whatever is not in the table is refused. */
export const readArguments = (place: Place, args: ReadonlyArray<Word>, rules: OptionRules): Arguments => {
  const table = rules.table()
  const read: Array<string> = []
  const given = new Set<string>()
  const operands: Array<Word> = []
  let afterDashes: ReadonlyArray<Word> | undefined
  let index = 0

  const find = (name: string): Option => {
    given.add(name)
    const hint = rules.hints !== undefined && Object.hasOwn(rules.hints, name) ? ` ${rules.hints[name]}` : ""
    return table.get(name) ??
      refuse(`The option ${shown(name)} isn't allowed here (options must be known, and written in full).${hint}`)
  }
  const next = (name: string, option: Option): string => {
    const value = args[++index]
    if (value === undefined) return refuse(`The option ${name} needs a value.`)
    return checkValue(place, name, option.kind, value.value)
  }

  const readLong = (text: string): void => {
    const equals = text.indexOf("=")
    const name = equals < 0 ? text : text.slice(0, equals)
    const option = find(name)
    if (equals >= 0) read.push(`${name}=${checkValue(place, name, option.kind, text.slice(equals + 1))}`)
    else if (option.kind === "flag" || option.optional) read.push(name)
    else read.push(`${name}=${next(name, option)}`)
  }

  const readShort = (text: string): void => {
    let flags = ""
    for (let at = 1; at < text.length; at++) {
      const name = `-${text.charAt(at)}`
      const option = find(name)
      if (option.kind === "flag") {
        flags += text.charAt(at)
        continue
      }
      if (flags !== "") read.push(`-${flags}`)
      const attached = text.slice(at + 1)
      if (option.optional) {
        read.push(attached === "" ? name : `${name}${checkValue(place, name, option.kind, attached)}`)
      } else read.push(name, attached === "" ? next(name, option) : checkValue(place, name, option.kind, attached))
      return
    }
    read.push(`-${flags}`)
  }

  for (; index < args.length; index++) {
    const word = args[index]
    if (word === undefined) break
    const text = word.value
    if (text === "--") {
      afterDashes = args.slice(index + 1)
      break
    }
    if (!text.startsWith("-") || text === "-") operands.push(word)
    else if (text.startsWith("--")) readLong(text)
    else if (rules.digits !== undefined && /^-\d{1,9}$/.test(text)) read.push(...rules.digits(text.slice(1)))
    else readShort(text)
  }
  return { options: read, given, operands, afterDashes }
}
