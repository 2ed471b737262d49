/**
 * The search for secrets in a text that comes in pieces. What comes out does
 * not depend on where the pieces were cut: a place is judged only once all the
 * text that a pattern can look at from there has come, and that is bounded.
 */
import { secretValue, valueReach } from "./named.ts"
import { type Groups, labelOf, literalLabel, matchEnd, type Patterns, shapeOf } from "./patterns.ts"
import { lookBack, pemEnd, pemLabel, pemReach, restReach } from "./shapes.ts"

export interface RedactionStream {
  /** What is settled after this piece; the rest is held back, up to a bound. */
  readonly push: (text: string) => string
  /** What was held back. To be called once, at the end. */
  readonly end: () => string
}

/** Long pieces are searched in slices: a pattern never sees more than this and its reach. */
const sliceCharacters = 32 * 1024

const nothing = /(?:)/y

export const makeStream = (patterns: Patterns, search: RegExp = patterns.search): RedactionStream => {
  /** Text not yet judged from `at` on, and before that what a pattern may look back at. */
  let buffer = ""
  let at = 0
  /** Inside a secret whose mask is out already: what of the coming text belongs to it. */
  let rest: RegExp | undefined
  let out: Array<string> = []
  /** Text that must have come before another look is worth its while. */
  const usual = 2 * patterns.reach
  let wanted = usual

  const mask = (label: string): void => {
    out.push(`[redacted:${label}]`)
  }

  const keepUpTo = (end: number): void => {
    if (end > at) out.push(buffer.slice(at, end))
    at = Math.max(at, end)
  }

  /** After a mask, patterns look back at nothing: as they would at the mask itself. */
  const forgetUpTo = (end: number): void => {
    buffer = buffer.slice(end)
    at = 0
  }

  const endOfLiteral = (start: number): number =>
    patterns.literal === undefined ? start : matchEnd(patterns.literal, buffer, start)

  const hide = (label: string, end: number, belongs: RegExp): void => {
    mask(label)
    forgetUpTo(end)
    rest = belongs
  }

  /**
   * What leads to a secret stays, save the secrets in it: a token as the user's
   * name before the password. The secret itself goes with `belongs`.
   */
  const hideAfter = (label: string, start: number, end: number, belongs: RegExp): void => {
    const literal = endOfLiteral(start)
    if (literal > end) return hide(literalLabel, literal, nothing)
    out.push(redactAll(patterns, buffer.slice(start, end), patterns.searchContext))
    hide(label, Math.max(end, endOfLiteral(end)), belongs)
  }

  /** @returns false where more text is needed */
  const skipRest = (belongs: RegExp, final: boolean): boolean => {
    const end = matchEnd(belongs, buffer, at)
    if (final || end + restReach <= buffer.length) {
      forgetUpTo(end)
      rest = undefined
      return true
    }
    forgetUpTo(matchEnd(belongs, buffer.slice(0, Math.max(at, buffer.length - restReach)), at))
    return false
  }

  /** The end of a private key that starts at `start`; undefined where more text is needed. */
  const endOfPem = (start: number, final: boolean): number | undefined => {
    const window = buffer.slice(start, start + pemReach)
    const found = pemEnd.exec(window)
    if (found !== null) return start + found.index + found[0].length
    return final || window.length === pemReach ? -1 : undefined
  }

  /** Deals with what the search has found. @returns false where more text is needed */
  const take = (match: RegExpExecArray, final: boolean): boolean => {
    const start = match.index
    const end = start + match[0].length
    const groups = match.groups ?? {}
    if (groups["mask"] !== undefined) {
      keepUpTo(end)
      forgetUpTo(end)
      return true
    }
    if (groups["literal"] !== undefined) {
      keepUpTo(start)
      hide(literalLabel, end, nothing)
      return true
    }
    if (groups["name"] !== undefined) {
      takeNamed(groups, start, end)
      return true
    }
    const shape = shapeOf(groups)
    if (shape === undefined) return true
    keepUpTo(start)
    if (shape.keeps === true) {
      hideAfter(shape.label, start, end, shape.rest)
      return true
    }
    if (shape.label === pemLabel) {
      const close = endOfPem(start, final)
      if (close === undefined) {
        wanted = Math.max(usual, Math.min(pemReach, 2 * (buffer.length - at)))
        return false
      }
      hide(pemLabel, close === -1 ? end : close, close === -1 ? shape.rest : nothing)
      return true
    }
    hide(shape.label, Math.max(end, endOfLiteral(start)), shape.rest)
    return true
  }

  const takeNamed = (groups: Groups, start: number, end: number): void => {
    const named = {
      name: groups["name"] ?? "",
      isQuoted: groups["close"] !== undefined,
      separator: groups["separator"] ?? "",
      quote: groups["quote"] ?? "",
      behind: buffer.slice(Math.max(0, start - lookBack), start),
      ahead: buffer.slice(end, end + valueReach + 1)
    }
    const label = labelOf(named.behind + named.name, buffer, end)
    // A private key has more lines than a value: it is found next, by itself.
    const belongs = label === pemLabel ? undefined : secretValue(named)
    if (belongs !== undefined) {
      keepUpTo(start)
      hideAfter(label, start, end, belongs)
    } else if (endOfLiteral(start) > start) {
      keepUpTo(start)
      hide(literalLabel, endOfLiteral(start), nothing)
    } else {
      // No secret's name after all; what looks like one, the value may still hold.
      keepUpTo(start + 1)
    }
  }

  const drain = (final: boolean): void => {
    wanted = usual
    for (;;) {
      if (rest !== undefined && !skipRest(rest, final)) return
      const settled = final ? buffer.length : buffer.length - patterns.reach
      if (at >= settled) break
      search.lastIndex = at
      const match = search.exec(buffer)
      if (match === null || match.index >= settled) {
        keepUpTo(wholeCharacter(buffer, settled))
        break
      }
      if (!take(match, final)) return
    }
    if (at > lookBack) {
      buffer = buffer.slice(at - lookBack)
      at = lookBack
    }
  }

  const flush = (): string => {
    const text = out.join("")
    out = []
    return text
  }

  return {
    push: (text) => {
      for (let from = 0; from < text.length; from += sliceCharacters) {
        buffer += text.slice(from, from + sliceCharacters)
        // Many small pieces are judged together: each look begins with what the one before could not settle.
        if (buffer.length - at >= wanted) drain(false)
      }
      return flush()
    },
    end: () => {
      drain(true)
      return flush()
    }
  }
}

/** A whole text at once. */
export const redactAll = (patterns: Patterns, text: string, search: RegExp = patterns.search): string => {
  const { end, push } = makeStream(patterns, search)
  return push(text) + end()
}

/** A pair of surrogates goes out in one piece. */
const wholeCharacter = (text: string, end: number): number => {
  const unit = text.charCodeAt(end - 1)
  return unit >= 0xd800 && unit <= 0xdbff && end < text.length ? end - 1 : end
}
