/**
 * File name patterns (`src/*.ts`) are expanded here and not by the shell: each
 * match is judged like a path that was written out, so a symlink can't lead out
 * of the worktree and a name such as `-x` can't become an option, and shells
 * that expand differently run the same words.
 */
import { dirname, join } from "node:path"
import type { Place } from "./model.ts"
import { refuse, shown } from "./model.ts"
import { isWithin, requireInside } from "./paths.ts"
import type { Piece, Word } from "./words.ts"

/** Most names that one pattern may match at each folder of it, and most folders it may have. */
const MAX_MATCHES = 1000
const MAX_FOLDERS = 16

type Token = { readonly kind: "text" | "any" | "one" | "set"; readonly text: string }

const tokens = (pieces: ReadonlyArray<Piece>): ReadonlyArray<Token> =>
  pieces.flatMap(({ pattern, text }): ReadonlyArray<Token> => {
    if (!pattern) return [...text].map((character) => ({ kind: "text", text: character }))
    if (text.startsWith("*")) return [{ kind: "any", text }]
    return [{ kind: text === "?" ? "one" : "set", text }]
  })

const inSet = (set: string, character: string): boolean => {
  const negated = set.startsWith("[!")
  const members = set.slice(negated ? 2 : 1, -1)
  let found = false
  for (let index = 0; index < members.length; index++) {
    const first = members.charAt(index)
    const isRange = members.charAt(index + 1) === "-" && index + 2 < members.length
    const last = isRange ? members.charAt(index + 2) : first
    found ||= first <= character && character <= last
    if (isRange) index += 2
  }
  return found !== negated
}

/** Linear but for the last `*`, which is the only place to come back to. */
const matches = (pattern: ReadonlyArray<Token>, name: string): boolean => {
  if (name.startsWith(".") && !(pattern[0]?.kind === "text" && pattern[0].text === ".")) return false
  const characters = [...name]
  let at = 0
  let token = 0
  let star = -1
  let starAt = 0
  while (at < characters.length) {
    const current = pattern[token]
    const character = characters[at] ?? ""
    if (current?.kind === "any") {
      star = token++
      starAt = at
    } else if (
      current !== undefined &&
      (current.kind === "one" || (current.kind === "set" ? inSet(current.text, character) : current.text === character))
    ) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  return pattern.slice(token).every(({ kind }) => kind === "any")
}

/** The folders of a pattern: its tokens split at each `/`. */
const split = (all: ReadonlyArray<Token>): ReadonlyArray<ReadonlyArray<Token>> => {
  const parts: Array<Array<Token>> = [[]]
  for (const token of all) {
    if (token.kind === "text" && token.text === "/") parts.push([])
    else parts[parts.length - 1]?.push(token)
  }
  return parts
}

interface Found {
  /** As the shell would write it. */
  readonly path: string
  readonly real: string
}

const step = (place: Place, from: Found, part: ReadonlyArray<Token>, isLast: boolean): ReadonlyArray<Found> => {
  const { host } = place
  const text = part.map((token) => token.text).join("")
  if (part.every((token) => token.kind === "text")) {
    const real = text === "" || text === "."
      ? from.real
      : text === ".."
      ? dirname(from.real)
      : host.realpath(join(from.real, text))
    return real === undefined ? [] : [{ path: `${from.path}${text}${isLast ? "" : "/"}`, real }]
  }
  if (!isWithin(place.worktree, from.real)) return refuse("A pattern may only match files inside the worktree.")
  return [...(host.list(from.real) ?? [])].sort().filter((name) => matches(part, name)).flatMap((name) => {
    const real = host.realpath(join(from.real, name))
    if (real === undefined || (!isLast && !host.isDirectory(real))) return []
    return [{ path: `${from.path}${name}${isLast ? "" : "/"}`, real }]
  })
}

const expand = (place: Place, pieces: ReadonlyArray<Piece>): ReadonlyArray<Found> => {
  const parts = split(tokens(pieces))
  if (parts.length > MAX_FOLDERS) return refuse(`A pattern may have at most ${MAX_FOLDERS} folders.`)
  const isAbsolute = parts.length > 1 && parts[0]?.length === 0
  let found: ReadonlyArray<Found> = [isAbsolute ? { path: "/", real: "/" } : { path: "", real: place.cwd }]
  for (const [index, part] of parts.entries()) {
    if (isAbsolute && index === 0) continue
    found = found.flatMap((from) => step(place, from, part, index === parts.length - 1))
    if (found.length > MAX_MATCHES) {
      return refuse(`A pattern matches more than ${MAX_MATCHES} files; name a folder, or use rg or find.`)
    }
  }
  return found
}

/** The paths that a word stands for, each inside the worktree. A pattern without a match is a name, as in the shell. */
export const expandPaths = (place: Place, word: Word): ReadonlyArray<string> => {
  if (word.pattern === undefined) return [requireInside(place, word.value)]
  const found = expand(place, word.pattern)
  if (found.length === 0) return [requireInside(place, word.value)]
  return found.map(({ path, real }) => {
    if (!isWithin(place.worktree, real)) {
      return refuse(
        `The pattern ${shown(word.source)} matches ${JSON.stringify(path)}, which leads outside the worktree.`
      )
    }
    return /^[\w./]/.test(path) ? path : `./${path}`
  })
}
