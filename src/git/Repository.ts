/** The user's repository: where its parts are, what it is configured to do, what its base commit holds. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { foldPath, withParents } from "../domain/Changes.ts"
import { Git, type RepositoryTarget, splitNul } from "./Git.ts"

/** The user's repository, and where its parts are. */
export interface Repository {
  /** The checkout's root, absolute, symlinks resolved. */
  readonly root: string
  /** The folder shared by all worktrees, absolute. */
  readonly commonDir: string
  readonly objects: string
  readonly objectFormat: string
  readonly target: RepositoryTarget
}

export class NotARepository extends Schema.TaggedError<NotARepository>()("NotARepository", {
  directory: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.directory} is no git repository with a checkout: ${this.reason}`
  }
}

/** Finds the repository that holds a folder; also from a subfolder and from a linked worktree. */
export const discover = Effect.fn("Repository.discover")(function*(directory: string) {
  const git = yield* Git
  const target: RepositoryTarget = { _tag: "Repository", directory }
  const answer = yield* git.text({
    target,
    args: [
      "rev-parse",
      "--path-format=absolute",
      "--show-toplevel",
      "--git-common-dir",
      "--git-path",
      "objects",
      "--show-object-format"
    ]
  }).pipe(
    Effect.catchTag("GitFailed", ({ reason }) => {
      // git says so in many lines, the last of which is the command.
      const [command] = /git config --global --add safe\.directory .*/.exec(reason) ?? []
      return new NotARepository({
        directory,
        reason: command === undefined ? reason : `it belongs to another user. If you trust what is in it: ${command}`
      })
    })
  )
  const [root, commonDir, objects, objectFormat, ...rest] = answer.split("\n")
  if (root === undefined || commonDir === undefined || objects === undefined || objectFormat === undefined) {
    return yield* new NotARepository({ directory, reason: "it has no working tree" })
  }
  if (rest.length > 0) return yield* new NotARepository({ directory, reason: "its path holds a newline" })
  return {
    root,
    commonDir,
    objects,
    objectFormat,
    target: { _tag: "Repository", directory: root }
  } satisfies Repository
})

const maxRevisionLength = 10_000

/** The commit a revision names, as a full object id; undefined where there is none. */
export const resolveCommit = Effect.fn("Repository.resolveCommit")(function*(repository: Repository, revision: string) {
  // What no program can be given names nothing.
  if (revision.includes("\0") || revision.length > maxRevisionLength) return undefined
  const git = yield* Git
  const answer = yield* git.run({
    target: repository.target,
    args: ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`],
    accept: [0, 1, 128]
  })
  const commit = new TextDecoder().decode(answer.stdout).trim()
  return answer.code === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined
})

/** The repository's configuration as git sees it: names in lower case, last value wins. */
export const readConfiguration = Effect.fn("Repository.readConfiguration")(function*(repository: Repository) {
  const git = yield* Git
  const answer = yield* git.run({
    target: repository.target,
    args: ["config", "--list", "-z", "--includes"],
    accept: [0, 1]
  })
  return new Map(
    splitNul(answer.stdout).map((entry): readonly [string, string] => {
      const newline = entry.indexOf("\n")
      return newline < 0
        ? [entry.toLowerCase(), "true"]
        : [entry.slice(0, newline).toLowerCase(), entry.slice(newline + 1)]
    })
  )
})

/** What of the base commit's tree the runner must know; read once for a run. */
export interface BaseTree {
  readonly commit: string
  readonly files: number
  /** Folders of submodules. */
  readonly gitlinks: ReadonlyArray<string>
  /** Object ids of the `.gitignore` files, by path. */
  readonly ignoreFiles: ReadonlyMap<string, string>
  readonly attributeFiles: ReadonlyArray<string>
  /** Every path, and every folder, by its form without case. */
  readonly foldedPaths: ReadonlyMap<string, string>
}

export const readBaseTree = Effect.fn("Repository.readBaseTree")(
  function*(repository: Repository, commit: string) {
    const git = yield* Git
    const answer = yield* git.run({
      target: repository.target,
      args: ["ls-tree", "-r", "-z", "--full-tree", commit],
      maxOutputBytes: 512 * 1024 * 1024,
      timeout: "2 minutes"
    })
    const gitlinks: Array<string> = []
    const ignoreFiles = new Map<string, string>()
    const attributeFiles: Array<string> = []
    const foldedPaths = new Map<string, string>()
    const entries = splitNul(answer.stdout)
    for (const entry of entries) {
      const tab = entry.indexOf("\t")
      const path = entry.slice(tab + 1)
      const name = path.slice(path.lastIndexOf("/") + 1)
      if (entry.startsWith("160000")) gitlinks.push(path)
      // git reads none through a link.
      else if (name === ".gitignore" && entry.startsWith("100")) ignoreFiles.set(path, entry.slice(12, tab))
      else if (name === ".gitattributes") attributeFiles.push(path)
      for (const part of withParents(path)) foldedPaths.set(foldPath(part), part)
    }
    return { commit, files: entries.length, gitlinks, ignoreFiles, attributeFiles, foldedPaths } satisfies BaseTree
  }
)
