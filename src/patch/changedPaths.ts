/**
 * Which files a task changed since its baseline, and which it tried to hide.
 *
 * What is there is known from the walk; git is asked only what it knew before
 * and which of that differs, and never to look for files: in a repository that
 * the task planted it would follow what it finds. The baseline's ignore rules
 * decide what counts, not those that the task may have written: what these
 * would hide is captured all the same and reported.
 */
import * as Effect from "effect/Effect"
import { lstatSync, readFileSync } from "node:fs"
import { foldPath } from "../domain/Changes.ts"
import { Git, splitNul } from "../git/Git.ts"
import { ignoredIn, isIgnoreFile } from "../git/ignore.ts"
import { ignoreRules } from "../worktree/baseline.ts"
import type { Worktree } from "../worktree/Worktrees.ts"
import { pathsUnder, sortPaths } from "./sortedPaths.ts"
import { isUnreadable, type Walk } from "./walk.ts"

export interface ChangedPaths {
  /** Changed or added: each a file or a link that is there. */
  readonly written: ReadonlyArray<string>
  readonly deleted: ReadonlyArray<string>
  /** Added files that an ignore file of the task's own would have hidden. */
  readonly hidden: ReadonlyArray<string>
  /** Ignore files of the task's own that are too large to ask git what they hide. */
  readonly hugeIgnoreFiles: ReadonlyArray<string>
  /** Folders of tools' caches that ignore themselves: left out. */
  readonly selfIgnored: ReadonlyArray<string>
  /** Changed files whose names can't be written down. */
  readonly unreadable: ReadonlyArray<string>
}

/** git holds a whole ignore file in memory. */
const maxIgnoreFileBytes = 1024 * 1024

export const changedPaths = Effect.fn("Patches.changedPaths")(function*(worktree: Worktree, walk: Walk) {
  const git = yield* Git
  const target = worktree.git.over(worktree.git.baselineIndex)
  const answer = yield* git.run({
    target,
    // -t: each name after its tag, and what differs is told a second time.
    args: ["ls-files", "-z", "-t", "-c", "-m"],
    timeout: "2 minutes",
    maxOutputBytes: 512 * 1024 * 1024
  })
  const tagged = splitNul(answer.stdout)
  const named = (differs: boolean) =>
    tagged.flatMap((entry) => entry.startsWith("C ") === differs ? [entry.slice(2)] : [])
  const [known, differing] = [named(false), named(true)]
  const before = new Set(known)
  const unreadableNow = new Set(walk.unreadableNames)
  const changed = [...new Set(differing)].filter((path) => walk.files.has(path))
  const deleted = known.filter((path) => !walk.files.has(path) && !isUnreadable(path))

  const others = [...walk.files].filter((path) => !before.has(path))
  const ignored = yield* ignoredIn(yield* ignoreRules(worktree), others)
  const counted = others.filter((path) => !ignored.has(path))
  const ownIgnoreFiles = counted.filter(isIgnoreFile)
  const selfIgnored = ownIgnoreFiles.map(folderOf).filter((folder) => isSelfIgnoredCache(folder, worktree, walk))
  const sorted = sortPaths(counted)
  const cached = new Set(selfIgnored.flatMap((folder) => pathsUnder(sorted, folder)))
  const added = counted.filter((path) => !cached.has(path))

  const judges = [...ownIgnoreFiles, ...changed.filter(isIgnoreFile)]
  const hugeIgnoreFiles = judges.filter((path) => lstatSync(`${worktree.path}/${path}`).size > maxIgnoreFileBytes)
  const hidden = judges.length === 0 || hugeIgnoreFiles.length > 0
    ? new Set<string>()
    : yield* ignoredIn(target, added.filter((path) => !isIgnoreFile(path)))
  return {
    written: [...changed, ...added],
    deleted,
    hidden: [...hidden],
    hugeIgnoreFiles,
    selfIgnored,
    unreadable: [
      ...walk.unreadableNames.filter((path) => !before.has(path)),
      ...differing.filter((path) => isUnreadable(path) && unreadableNow.has(path)),
      ...known.filter((path) => isUnreadable(path) && !unreadableNow.has(path))
    ]
  } satisfies ChangedPaths
})

const folderOf = (path: string): string => path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ""

/** A folder new to the base that ignores all of itself, with a name that tools give to caches or the tag they mark them by. */
const isSelfIgnoredCache = (folder: string, worktree: Worktree, walk: Walk): boolean =>
  folder !== "" &&
  !worktree.base.foldedPaths.has(foldPath(folder)) &&
  (folder.slice(folder.lastIndexOf("/") + 1).startsWith(".") || walk.files.has(`${folder}/CACHEDIR.TAG`)) &&
  ignoresEverything(`${worktree.path}/${folder}/.gitignore`)

const ignoresEverything = (path: string): boolean => {
  const stats = lstatSync(path)
  if (!stats.isFile() || stats.size > 4096) return false
  const rules = readFileSync(path, "utf8").split(/\r?\n/).map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  )
  return rules.includes("*") && !rules.some((rule) => rule.startsWith("!") && rule !== "!.gitignore")
}
