/** git's own entries of linked worktrees, read without git: a look changes nothing, and follows nothing. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import type { Repository } from "./Repository.ts"

export interface WorktreeEntry {
  /** The entry's folder in the repository. */
  readonly entry: string
  /** The worktree it is of, which may be gone; null where whoever made or removed the entry was killed half-way. */
  readonly worktree: string | null
}

const read = <A>(look: () => A, otherwise: A): A => {
  try {
    return look()
  } catch {
    return otherwise
  }
}

const pointerFile = "gitdir"

export const worktreeEntries = (repository: Repository): ReadonlyArray<WorktreeEntry> => {
  const folder = path.join(repository.commonDir, "worktrees")
  return read(() => readdirSync(folder), []).map((name) => {
    const entry = path.join(folder, name)
    const pointer = read(() => readFileSync(path.join(entry, pointerFile), "utf8").trim(), "")
    // Relative where the user wants them so (`worktree.useRelativePaths`).
    return { entry, worktree: pointer.endsWith("/.git") ? path.dirname(path.resolve(entry, pointer)) : null }
  })
}

/** Tells git where a worktree is now that was moved; one without an entry goes without. Throws where that is forbidden. */
export const followMove = (repository: Repository, from: string, to: string): void => {
  const moved = worktreeEntries(repository).find(({ worktree }) => worktree === from)
  if (moved !== undefined) writeFileSync(path.join(moved.entry, pointerFile), `${to}/.git\n`)
}

/**
 * Deletes an entry, what tells whose it is last: whoever finds the rest of it
 * knows. Throws where that is forbidden; what is gone is no matter.
 */
export const removeEntry = (entry: string): void => {
  if (existsSync(entry)) {
    for (const name of readdirSync(entry).filter((one) => one !== pointerFile)) {
      rmSync(path.join(entry, name), { recursive: true, force: true })
    }
    rmSync(path.join(entry, pointerFile), { force: true })
    rmdirSync(entry)
  }
  // git removes the folder of all entries with the last one, too.
  read(() => rmdirSync(path.dirname(entry)), undefined)
}
