/**
 * The state that a task starts from: what its changes are measured against, and
 * which files count as changes at all. Whatever the task writes later, the
 * ignore rules of this moment decide.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { lstatSync } from "node:fs"
import { withParents } from "../domain/Changes.ts"
import { Git, joinNul, splitNul } from "../git/Git.ts"
import { ignoredIn, isIgnoreFile } from "../git/ignore.ts"
import type { Worktree } from "./Worktrees.ts"

/** git over the baseline's ignore files alone: the base commit's, and what setup made of them. */
export const ignoreRules = Effect.fn("baseline.ignoreRules")(function*(worktree: Worktree) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  const rules = `${worktree.git.directory}/ignore-rules`
  const target = { ...worktree.git.over(worktree.git.baseIndex), workTree: rules }
  if (yield* fs.exists(rules)) return target
  // All of them or none: a runner that is killed meanwhile must not leave some, by which another would judge.
  const draft = `${rules}.${randomBytes(4).toString("hex")}`
  yield* fs.makeDirectory(draft, { mode: 0o700 })
  if (worktree.base.ignoreFiles.size > 0) {
    yield* git.run({
      target: worktree.git.over(worktree.git.baseIndex),
      args: ["checkout-index", "-q", "-f", `--prefix=${draft}/`, "-z", "--stdin"],
      stdin: joinNul(worktree.base.ignoreFiles.keys())
    })
  }
  yield* fs.rename(draft, rules)
  return target
})

const excludedFoldersFile = (worktree: Worktree): string => `${worktree.git.directory}/excluded-folders`

/** Folders of setup's that are ignored as a whole, or repositories of their own: nothing in them is ever a change. */
export const excludedFolders = Effect.fn("baseline.excludedFolders")(function*(worktree: Worktree) {
  const fs = yield* FileSystem.FileSystem
  const file = excludedFoldersFile(worktree)
  return new Set((yield* fs.exists(file)) ? splitNul(yield* fs.readFile(file)) : [])
})

/** Brings the baseline up to what setup left, without storing files as objects. */
export const markBaseline = Effect.fn("baseline.mark")(function*(worktree: Worktree) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  const target = worktree.git.over(worktree.git.baselineIndex)
  const list = (...flags: ReadonlyArray<string>) =>
    Effect.map(
      git.run({ target, args: ["ls-files", "-z", ...flags], timeout: "2 minutes" }),
      (answer) => splitNul(answer.stdout)
    )

  // "folder/" stands for a nested repository: setup may make one, its content is never looked at.
  const listed = [...new Set(yield* list("-m", "-d", "-o", "--exclude-standard"))]
  const changed = listed.filter((path) => !path.endsWith("/"))
  const ignored = yield* ignoredIn(
    target,
    foldersOf(yield* list("-o", "-i", "--exclude-standard", "--directory"))
  )
  yield* fs.writeFile(excludedFoldersFile(worktree), joinNul([...ignored, ...foldersOf(listed)]))
  yield* takeOverIgnoreFiles(worktree, [...changed, ...(yield* list("-o", "-i", "-x", ".gitignore"))])

  const { files, gone, links } = byKind(worktree.path, changed)
  const update = (paths: ReadonlyArray<string>, ...flags: ReadonlyArray<string>) =>
    paths.length === 0 ? Effect.void : git.run({
      target,
      args: ["update-index", "-z", ...flags, "--stdin"],
      stdin: joinNul(paths),
      timeout: "5 minutes"
    })
  yield* update(gone, "--force-remove")
  yield* update(files, "--info-only", "--add", "--replace")
  // git compares a link with the stored object, not with its hash.
  yield* update(links, "--add", "--replace")
})

/** Files, links, and what is neither any more: a folder is in its place, or a link in that of a folder above it. */
const byKind = (root: string, paths: ReadonlyArray<string>) => {
  const links = paths.filter((path) => kindOf(`${root}/${path}`) === "link")
  const above = new Set(links)
  const beyond = (path: string) => withParents(path).some((part) => part !== path && above.has(part))
  const files = paths.filter((path) => kindOf(`${root}/${path}`) === "file" && !beyond(path))
  const there = new Set([...links, ...files])
  return { links, files, gone: paths.filter((path) => !there.has(path)) }
}

const kindOf = (path: string): "file" | "link" | "other" => {
  try {
    const stats = lstatSync(path)
    return stats.isSymbolicLink() ? "link" : stats.isFile() ? "file" : "other"
  } catch {
    return "other"
  }
}

/** git marks folders by a slash at the end. */
const foldersOf = (paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.flatMap((path) => path.endsWith("/") ? [path.slice(0, -1)] : [])

/** Of the ignore files that setup made or changed, those outside what the base commit ignores. */
const takeOverIgnoreFiles = Effect.fnUntraced(function*(worktree: Worktree, paths: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const own = [...new Set(paths)].filter(isIgnoreFile)
  if (own.length === 0) return
  const rules = yield* ignoreRules(worktree)
  const ignored = yield* ignoredIn(rules, own)
  for (const path of own.filter((one) => !ignored.has(one))) {
    const [from, to] = [`${worktree.path}/${path}`, `${rules.workTree}/${path}`]
    yield* fs.remove(to, { force: true })
    // git reads none through a link.
    if (kindOf(from) !== "file") continue
    yield* fs.makeDirectory(to.slice(0, to.lastIndexOf("/")), { recursive: true })
    yield* fs.copyFile(from, to)
  }
})
