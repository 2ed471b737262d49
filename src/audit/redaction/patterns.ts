/** All that is searched for, as one pattern, and what it was that was found. */
import { namedPattern } from "./named.ts"
import { reach, type Shape, shapes } from "./shapes.ts"

export interface Patterns {
  /** Global, with a group for each thing it can find. */
  readonly search: RegExp
  /** The same for a text that leads to a secret: without the patterns that such a text is the match of. */
  readonly searchContext: RegExp
  /** Sticky, any of the given values; undefined where there are none. */
  readonly literal: RegExp | undefined
  /** Characters that must have come after a place before it can be judged. */
  readonly reach: number
}

export type Groups = Readonly<Record<string, string | undefined>>

/** What the mask of a given value says. */
export const literalLabel = "environment-secret"

/** A mask is passed by, so that redacting twice is redacting once. */
const mask = String.raw`(?<mask>\[redacted:[a-z-]{1,40}\])`

export const compile = (literals: ReadonlyArray<string>): Patterns => {
  const longestFirst = [...new Set(literals)].sort((a, b) => b.length - a.length)
  const anyLiteral = longestFirst.map((literal) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|")
  const given = anyLiteral === "" ? [] : [`(?<literal>${anyLiteral})`]
  const all = shapes.map((shape, at) => `(?<shape${at}>${shape.pattern})`)
  const pattern = (...sources: ReadonlyArray<string>): RegExp => new RegExp([mask, ...sources].join("|"), "g")
  return {
    search: pattern(...all, namedPattern, ...given),
    searchContext: pattern(...all.filter((_, at) => shapes[at]?.keeps !== true), ...given),
    literal: anyLiteral === "" ? undefined : new RegExp(anyLiteral, "y"),
    // One value may begin where another ends.
    reach: reach + 2 * (longestFirst[0]?.length ?? 0)
  }
}

/** Which shape a match was. */
export const shapeOf = (groups: Groups): Shape | undefined => shapes.find((_, at) => groups[`shape${at}`] !== undefined)

/** Where a sticky pattern's match ends, or where it began to look. */
export const matchEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return at + (pattern.exec(text)?.[0].length ?? 0)
}

const byThemselves = shapes.flatMap((shape) =>
  shape.keeps === true ? [] : [{ label: shape.label, here: new RegExp(shape.pattern, "y") }]
)

/** What a named secret, whose value starts at `at`, is: its own shape says more than its name. */
export const labelOf = (name: string, text: string, at: number): string => {
  const shape = byThemselves.find(({ here }) => matchEnd(here, text, at) > at)
  if (shape !== undefined) return shape.label
  if (/access[ _-]?key$/i.test(name) && /^[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/.test(text.slice(at, at + 41))) {
    return "aws-secret-key"
  }
  return /passw(?:or)?d$/i.test(name)
    ? "password"
    : /token$/i.test(name)
    ? "token"
    : /key$/i.test(name)
    ? "key"
    : "secret"
}
