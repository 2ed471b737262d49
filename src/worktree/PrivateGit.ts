/**
 * The runner's own git folder for one task. git never looks at configuration,
 * attributes or hooks that the task could have written: the folder lies outside
 * every place a task can write, and its `info/attributes` outrank those in the
 * tree, so that bytes are checked out and captured exactly as they are stored.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { PrivateTarget } from "../git/Git.ts"
import type { Repository } from "../git/Repository.ts"

/** A task's private git folder. */
export interface PrivateGit {
  readonly directory: string
  /** The base commit's tree, with its submodules. */
  readonly baseIndex: string
  /** The tree after setup, without submodules: what the task's changes are measured against. */
  readonly baselineIndex: string
  /** git over the worktree with one of the indexes. */
  readonly over: (index: string) => PrivateTarget
}

const attributes = "* -filter !diff !merge -ident -text !eol !working-tree-encoding\n"

/** Makes the folder. `excludes` are the user's own ignore patterns, from outside the tree. */
export const makePrivateGit = Effect.fn("PrivateGit.make")(function*(options: {
  readonly directory: string
  readonly workTree: string
  readonly repository: Repository
  readonly excludes: string
}) {
  const fs = yield* FileSystem.FileSystem
  const { directory, repository } = options
  const sha256 = repository.objectFormat === "sha256"
  yield* fs.makeDirectory(`${directory}/refs`, { recursive: true, mode: 0o700 })
  yield* fs.makeDirectory(`${directory}/info`)
  yield* Effect.all([
    fs.writeFileString(`${directory}/HEAD`, "ref: refs/heads/none\n"),
    fs.writeFileString(
      `${directory}/config`,
      `[core]\n\trepositoryformatversion = ${sha256 ? 1 : 0}\n\tbare = false\n${
        sha256 ? "[extensions]\n\tobjectformat = sha256\n" : ""
      }`
    ),
    fs.writeFileString(`${directory}/info/attributes`, attributes),
    fs.writeFileString(`${directory}/info/exclude`, options.excludes)
  ], { concurrency: 4, discard: true })
  return privateGitAt(options)
})

/** The folder as it is there already. */
export const privateGitAt = ({ directory, repository, workTree }: {
  readonly directory: string
  readonly workTree: string
  readonly repository: Repository
}): PrivateGit => ({
  directory,
  baseIndex: `${directory}/index.base`,
  baselineIndex: `${directory}/index.baseline`,
  over: (index) => ({ _tag: "Private", gitDir: directory, workTree, index, objects: repository.objects })
})
