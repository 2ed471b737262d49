/** Which commands an entry of `allowed_commands` covers. Pure and free of Effect: the gate reads it. */
import { entryWords } from "../config/commandEntry.ts"

export { commandEntryFault, entryWords } from "../config/commandEntry.ts"

export const packageRunners: ReadonlySet<string> = new Set(["npm", "pnpm", "yarn", "bun", "npx"])

/** Options of package runners that can't lead to another folder, script or shell. */
const safeRunnerOption = /^(--workspace(=.*)?|-w|--workspaces|-ws|--if-present|--silent|-s)$/

export const isSafeRunnerOption = (word: string): boolean => safeRunnerOption.test(word)

/** An option of theirs may be code: `bash -c`, `node -e`. */
const interpreters =
  /^((ba|da|z|k|c|tc|fi|a)?sh|pwsh|tclsh|node|nodejs|bun|deno|python[\d.]*|pypy[\d.]*|perl[\d.]*|ruby|php|lua|Rscript)$/

export const isInterpreter = (program: string): boolean => interpreters.test(program)

/** What they are given is another command. */
const wrappers =
  /^(env|xargs|command|builtin|exec|eval|source|\.|time|nice|nohup|sudo|doas|timeout|setsid|stdbuf|busybox|deno|osascript)$/

export const isWrapper = (program: string): boolean => wrappers.test(program)

export const beginsWith = (words: ReadonlyArray<string>, prefix: ReadonlyArray<string>): boolean =>
  prefix.length > 0 && prefix.every((word, index) => words[index] === word)

/**
 * Whether `narrower` asks for no more than `entry` allows: the same leading
 * words, and after them nothing that as an entry of its own would open a door.
 * `npm test --script-shell=./x` begins with `npm test` but is more than it, as
 * `bash -c` is more than `bash`.
 */
export const covers = (entry: string, narrower: string): boolean => {
  const prefix = entryWords(entry)
  const words = entryWords(narrower)
  if (!beginsWith(words, prefix)) return false
  const added = words.slice(prefix.length)
  const program = prefix[0]?.split("/").at(-1) ?? ""
  if (packageRunners.has(program)) {
    if (prefix.includes("--")) return true
    const end = added.indexOf("--")
    const own = end === -1 ? added : added.slice(0, end)
    return own.every((word) => !word.startsWith("-") || isSafeRunnerOption(word))
  }
  if (isWrapper(program)) return added.length === 0
  return !(isInterpreter(program) && added[0]?.startsWith("-") === true)
}
