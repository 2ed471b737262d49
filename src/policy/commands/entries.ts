/** Entries of `allowed_commands`: the words that an allowed command begins with. */
import { basename, join, resolve } from "node:path"
import {
  beginsWith,
  commandEntryFault,
  entryWords,
  isInterpreter,
  isSafeRunnerOption,
  isWrapper,
  packageRunners
} from "../commandEntries.ts"
import { startsWithFalseDash } from "./characters.ts"
import { refuse, shown } from "./model.ts"
import type { Place } from "./model.ts"
import { isWithin } from "./paths.ts"
import { quote } from "./quote.ts"
import { resolveProgram } from "./readOnly.ts"
import type { Word } from "./words.ts"

/** A package runner reads options anywhere before `--`, and some of them make it run other code. */
const checkRunnerOptions = (runner: string, entry: ReadonlyArray<string>, added: ReadonlyArray<string>): void => {
  if (entry.includes("--")) return
  for (const word of added) {
    if (word === "--") return
    if (!word.startsWith("-") || isSafeRunnerOption(word)) continue
    const option = shown(word)
    refuse(
      `The option ${option} isn't allowed: after an allowed ${runner} command only --workspace, --if-present and ` +
        `--silent are. Put options for the script after --, as in: ${runner} … -- ${option}`
    )
  }
}

const CODE_OPTION = /^(?:-[A-Za-z]*[cepEr]|--(?:eval|print|command))$/

/**
 * An interpreter runs the script that the entry names. Where the entry names
 * none, what is added may name one, but give no code: not by an option, not by a pipe.
 */
const checkInterpreter = (
  entry: ReadonlyArray<string>,
  added: ReadonlyArray<string>,
  readsPipe: boolean,
  { cwd, host, worktree }: Place
): void => {
  const own = entry.slice(1)
  if (own.some((word) => !word.startsWith("-") || CODE_OPTION.test(word))) return
  const [script] = added
  if (script?.startsWith("-") === true) {
    refuse(`The option ${shown(script)} could give ${entry[0] ?? ""} code to run; name a script.`)
  }
  if (!readsPipe) return
  // Many names lead to standard input: /dev/stdin, /proc/self/fd/0, a link to one of them; to Node an empty one, too.
  const real = script === undefined ? undefined : host.realpath(resolve(cwd, script))
  if (real === undefined || !isWithin(worktree, real) || host.isDirectory(real)) {
    refuse(`${entry[0] ?? ""} would run what it reads from the pipe; name a script in the worktree.`)
  }
}

/** The entry from the program on that does its work: `env CI=1 npm test` is `npm test`. */
const unwrapped = (entry: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (!isWrapper(basename(entry[0] ?? ""))) return entry
  const start = entry.findIndex((word) => packageRunners.has(basename(word)) || isInterpreter(basename(word)))
  return start < 0 ? entry : entry.slice(start)
}

/** A program named by a relative path is the one at that path from the worktree's root, wherever it is called. */
const checkRelativeProgram = (program: string, { cwd, host, worktree }: Place): void => {
  if (!program.includes("/") || program.startsWith("/") || cwd === worktree) return
  const path = join(worktree, program)
  if ((host.realpath(join(cwd, program)) ?? join(cwd, program)) !== (host.realpath(path) ?? path)) {
    refuse(`The program ${program} is allowed from the worktree's root only.`)
  }
}

// By absolute path where there is one, which no alias or function can have as its
// name; a builtin through `command`, which looks for no function.
const programText = (program: string, place: Place): string => {
  if (program.includes("/")) return quote(program)
  const path = resolveProgram(program, place)
  return path === undefined ? `command -- ${quote(program)}` : quote(path)
}

/** The text to run in place of a command that an entry allows; undefined where none does. */
export const allowedText = (
  words: ReadonlyArray<Word>,
  allowedCommands: ReadonlyArray<string>,
  readsPipe: boolean,
  place: Place
): string | undefined => {
  const values = words.map((word) => word.value)
  const matching = allowedCommands.filter((entry) => commandEntryFault(entry) === undefined).map(entryWords)
    .filter((entry) => beginsWith(values, entry))
  if (matching.length === 0) return undefined
  const pattern = words.find((word) => word.pattern !== undefined)
  if (pattern !== undefined) {
    return refuse(`The pattern ${shown(pattern.source)} isn't allowed here; quote it, or write the names out.`)
  }
  // The entry that leaves the fewest words to judge.
  const entry = matching.reduce((longest, other) => other.length > longest.length ? other : longest)
  const added = values.slice(entry.length)
  const program = entry[0] ?? ""
  const started = unwrapped(entry)
  const name = basename(started[0] ?? "")
  const falseDash = words.slice(1).find((word) => startsWithFalseDash(word.source))
  if (falseDash !== undefined) {
    return refuse(`${shown(falseDash.source)} begins with a dash that isn't "-"; write "-", or quote it.`)
  }
  if (packageRunners.has(name)) checkRunnerOptions(name, started, added)
  if (isInterpreter(name)) checkInterpreter(started, added, readsPipe, place)
  checkRelativeProgram(program, place)
  return [programText(program, place), ...values.slice(1).map(quote)].join(" ")
}
