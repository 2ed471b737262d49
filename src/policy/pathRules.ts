/**
 * Which files a task may change. Pure and free of Effect: the gate asks before
 * an edit, the audit after it.
 */
import picomatch from "picomatch"
import { quoted } from "../domain/quoted.ts"
import type { Violation } from "../domain/Result.ts"

export interface PathGlobs {
  readonly allowed: ReadonlyArray<string>
  readonly protected: ReadonlyArray<string>
  readonly disposable: ReadonlyArray<string>
}

type Matches = (path: string) => boolean

export interface PathRules {
  readonly globs: PathGlobs
  readonly allowed: Matches
  readonly protected: Matches
  readonly disposable: Matches
}

export type PathJudgement =
  | { readonly _tag: "Allowed" }
  /** What a tool leaves behind: in no patch, but listed. */
  | { readonly _tag: "Disposable" }
  | { readonly _tag: "Denied"; readonly violation: Violation }

/** Always protected, whatever a configuration or a task says. */
export const builtInProtectedPaths: ReadonlyArray<string> = [
  ".git/**",
  "**/.git/**",
  ".codex/**",
  ".agents/**",
  ".mcp-codex.json"
]

// Without "s" no pattern would match a name that holds a newline: a protected file could be had by one.
const compile = (globs: ReadonlyArray<string>, flags: string): Matches => {
  const matchers = globs.map((glob) => picomatch(glob, { dot: true, flags }))
  return (path) => matchers.some((matches) => matches(path))
}

export const compilePathRules = (globs: PathGlobs): PathRules => {
  const folded = compile(globs.protected.flatMap((glob) => [glob, fold(glob)]), "is")
  return {
    globs,
    allowed: compile(globs.allowed, "s"),
    disposable: compile(globs.disposable, "s"),
    // A file system may take other spellings of a name for the same file.
    protected: (path) => isBuiltInProtected(path) || folded(path) || folded(fold(path))
  }
}

/** What a path, relative to the repository's root with "/" between names, may be. */
export const judgePath = (rules: PathRules, path: string): PathJudgement => {
  if (!isPlainRelative(path)) return denied("path", path, "Not a plain path inside the repository.")
  if (rules.protected(path)) return denied("protected_path", path, "Protected: no task may ever change it.")
  if (rules.disposable(path)) return { _tag: "Disposable" }
  if (rules.allowed(path)) return { _tag: "Allowed" }
  return denied(
    "path",
    path,
    rules.globs.allowed.length === 0 ? "This task may change no file." : allowedList(rules.globs.allowed)
  )
}

const allowedList = (globs: ReadonlyArray<string>): string => {
  const shown = globs.slice(0, 10).map(quoted).join(", ")
  return `Allowed: ${shown}${globs.length > 10 ? ` and ${globs.length - 10} more` : ""}.`
}

const denied = (kind: Violation["kind"], path: string, why: string): PathJudgement => ({
  _tag: "Denied",
  violation: { kind, detail: `Path not in allowed patterns: ${quoted(path)}. ${why}` }
})

/** Both separators: a name with a backslash is a way out once the patch is applied on Windows. */
const namesOf = (path: string): ReadonlyArray<string> => path.split(/[/\\]/)

const isPlainRelative = (path: string): boolean =>
  !path.includes("\0") && !/^[A-Za-z]:/.test(path) &&
  namesOf(path).every((name) => name !== "" && name !== "." && name !== "..")

/** Characters that HFS+ leaves out of names when it compares them, as git's own list has them. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/** One spelling for all that some file system takes for the same name. */
const fold = (text: string): string =>
  text.replace(ignoredByHfs, "").normalize("NFD").toUpperCase().toLowerCase().normalize("NFC")

/** NTFS drops a stream's name and what trails, and knows `.git` as `git~1` too. */
const foldName = (name: string): string => fold(name).replace(/:.*$/s, "").replace(/[. ]+$/, "")

/** Whether some file system takes a name for `.git`. */
export const isGitsName = (name: string): boolean => /^(?:\.git|git~\d+)$/.test(foldName(name))

const isBuiltInProtected = (path: string): boolean => {
  const names = namesOf(path)
  if (names.some(isGitsName)) return true
  const first = foldName(names[0] ?? "")
  return first === ".codex" || first === ".agents" || first === ".mcp-codex.json"
}
