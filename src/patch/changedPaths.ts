/**
 * Which files a task changed since its baseline, and which it tried to hide.
 *
 * The base commit's ignore rules decide what counts, not those that the task
 * may have written: what they would hide is captured all the same and reported.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { foldPath } from "../domain/Changes.ts"
import { Git, splitNul } from "../git/Git.ts"
import type { Worktree } from "../worktree/Worktrees.ts"
import type { Walk } from "./walk.ts"

export interface ChangedPaths {
  /** Candidates: changed, added or gone. */
  readonly paths: ReadonlyArray<string>
  /** Added files that an ignore file of the task's own would have hidden. */
  readonly hidden: ReadonlyArray<string>
  /** Folders of tools' caches that ignore themselves: left out. */
  readonly selfIgnored: ReadonlyArray<string>
}

const encode = (paths: Iterable<string>): Uint8Array =>
  new TextEncoder().encode([...paths].map((path) => `${path}\0`).join(""))

const folderOf = (path: string): string => path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ""

const isIgnoreFile = (path: string): boolean => path === ".gitignore" || path.endsWith("/.gitignore")

export const changedPaths = Effect.fn("Patches.changedPaths")(function*(worktree: Worktree, walk: Walk) {
  const git = yield* Git
  const list = (...flags: ReadonlyArray<string>) =>
    git.run({
      target: worktree.git.over(worktree.git.baselineIndex),
      args: ["ls-files", "-z", ...flags],
      timeout: "2 minutes"
    }).pipe(Effect.map((answer) => expandNested(splitNul(answer.stdout), walk)))

  const visible = new Set(yield* list("-m", "-d", "-o", "--exclude-standard"))
  const suspects = [...walk.files].filter((path) =>
    isIgnoreFile(path) && (visible.has(path) || !worktree.base.ignoreFiles.has(path))
  )
  const removed = [...worktree.base.ignoreFiles.keys()].some((path) => visible.has(path))
  const plain: ChangedPaths = { paths: [...visible], hidden: [], selfIgnored: [] }
  if (suspects.length === 0 && !removed) return plain

  const ignoredByBase = yield* baseIgnoreRules(worktree)
  const ignoredSuspects = yield* ignoredByBase(suspects)
  const ownIgnoreFiles = suspects.filter((path) => !ignoredSuspects.has(path))
  if (ownIgnoreFiles.length === 0 && !removed) return plain

  const caches = ownIgnoreFiles.map(folderOf).filter((folder) => isSelfIgnoredCache(folder, worktree, walk))
  const inCache = (path: string) => caches.some((folder) => path.startsWith(`${folder}/`))
  const tracked = yield* list("-m", "-d")
  const others = yield* list("-o")
  const ignored = yield* ignoredByBase(others)
  const added = others.filter((path) => !ignored.has(path) && !inCache(path))
  return {
    paths: [...new Set([...tracked, ...added])],
    hidden: added.filter((path) => !visible.has(path) && !isIgnoreFile(path)),
    selfIgnored: caches
  }
})

/** git names a nested repository by its folder alone, with a slash at the end: its files are taken one by one. */
const expandNested = (paths: ReadonlyArray<string>, walk: Walk): ReadonlyArray<string> =>
  paths.flatMap((path) => path.endsWith("/") ? [...walk.files].filter((file) => file.startsWith(path)) : [path])

/** A folder new to the base, with a name that tools give to caches or the tag they mark them by. */
const isSelfIgnoredCache = (folder: string, worktree: Worktree, walk: Walk): boolean =>
  folder !== "" &&
  !worktree.base.foldedPaths.has(foldPath(folder)) &&
  (folder.slice(folder.lastIndexOf("/") + 1).startsWith(".") || walk.files.has(`${folder}/CACHEDIR.TAG`))

/** The base commit's ignore files, laid out on their own, as a test of paths. */
const baseIgnoreRules = Effect.fnUntraced(function*(worktree: Worktree) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  const rules = `${worktree.git.directory}/ignore-rules`
  yield* fs.makeDirectory(rules, { recursive: true, mode: 0o700 })
  if (worktree.base.ignoreFiles.size > 0) {
    yield* git.run({
      target: worktree.git.over(worktree.git.baseIndex),
      args: ["checkout-index", "-q", "-f", `--prefix=${rules}/`, "-z", "--stdin"],
      stdin: encode(worktree.base.ignoreFiles.keys())
    })
  }
  const target = { ...worktree.git.over(worktree.git.baseIndex), workTree: rules }
  return (paths: ReadonlyArray<string>) =>
    paths.length === 0
      ? Effect.succeed<ReadonlySet<string>>(new Set())
      : git.run({
        target,
        args: ["check-ignore", "--no-index", "-z", "--stdin"],
        stdin: encode(paths),
        accept: [0, 1],
        timeout: "1 minute"
      }).pipe(Effect.map((answer): ReadonlySet<string> => new Set(splitNul(answer.stdout))))
})
