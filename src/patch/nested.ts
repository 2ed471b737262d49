/** Repositories within the worktree: the base's submodules, and those that a task made. */
import { lstatSync, readFileSync } from "node:fs"
import * as path from "node:path"
import type { Worktree } from "../worktree/Worktrees.ts"
import { pathsUnder, sortPaths } from "./sortedPaths.ts"
import type { Walk } from "./walk.ts"

/** What is in a submodule is in no patch; a file in place of one is. */
export const outsideSubmodules = (
  gitlinks: ReadonlyArray<string>,
  paths: ReadonlyArray<string>
): ReadonlyArray<string> => {
  if (gitlinks.length === 0) return paths
  const sorted = sortPaths(paths)
  const inside = new Set(gitlinks.flatMap((link) => pathsUnder(sorted, link)))
  return paths.filter((path) => !inside.has(path))
}

/** The `.git` of each that matters: one inside an ignored folder (a dependency that ships its own) is no business of the patch. */
export const nestedRepositories = ({ files, nestedRepositories }: Walk, written: ReadonlyArray<string>) => {
  if (nestedRepositories.length === 0) return []
  const [ours, all] = [sortPaths(written), sortPaths(files)]
  return nestedRepositories.filter((git) => {
    const folder = path.posix.dirname(git)
    return folder === "." || pathsUnder(ours, folder).length > 0 || pathsUnder(all, folder).length === 0
  })
}

/** Whether the worktree's `.git` file leads where git made it lead: whoever enters a kept worktree trusts it. */
export const hasOwnPointer = (worktree: Worktree): boolean => {
  const pointer = `${worktree.path}/.git`
  const stats = lstatSync(pointer, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isFile() || stats.size > 10_000) return false
  const target = readFileSync(pointer, "utf8").replace(/^gitdir: /, "").trim()
  return path.resolve(worktree.path, target) === worktree.entry
}
