/** The built-in commands that only read: by name, from programs outside the worktree. */
import { refuse } from "./model.ts"
import type { Place } from "./model.ts"
import { isWithin } from "./paths.ts"
import { readOnlyFiles } from "./readOnlyFiles.ts"
import type { ReadOnlyCommand } from "./readOnlyFiles.ts"
import { find } from "./readOnlyFind.ts"
import { git } from "./readOnlyGit.ts"
import type { Word } from "./words.ts"

const COMMANDS: ReadonlyMap<string, ReadOnlyCommand> = new Map([...readOnlyFiles, ["find", find], ["git", git]])

export const readOnlyPrograms: ReadonlyArray<string> = [...COMMANDS.keys()]

/** Where a bare program name leads. Undefined where there is none; refused where it lies in the worktree. */
export const resolveProgram = (name: string, { host, worktree }: Place): string | undefined => {
  const path = host.resolveProgram(name)
  if (path === undefined || !path.startsWith("/")) return undefined
  if (isWithin(worktree, path) || isWithin(worktree, host.realpath(path) ?? path)) {
    return refuse(
      `The program ${name} lies inside the worktree (${path}); only programs outside it can be used by name.`
    )
  }
  return path
}

/** The words to run in place of a read-only command; undefined where it is none. */
export const readOnlyWords = (words: ReadonlyArray<Word>, place: Place): ReadonlyArray<string> | undefined => {
  const name = words[0]?.value ?? ""
  const command = COMMANDS.get(name)
  if (command === undefined) return undefined
  const program = resolveProgram(name, place)
  if (program === undefined) {
    return refuse(`${name} isn't installed here.${name === "rg" ? " Use grep -rn instead." : ""}`)
  }
  return [program, ...command(words.slice(1), place)]
}
