/** Repositories whose files are not simply what git stores: each with what will happen in a run. */
import * as Effect from "effect/Effect"
import { Git } from "../git/Git.ts"
import type { BaseTree, Repository } from "../git/Repository.ts"

/** What the manager should know. No object of the base commit may be missing. */
export const repositoryKinds = Effect.fn("preflight.repositoryKinds")(function*(
  repository: Repository,
  configuration: ReadonlyMap<string, string>,
  base: BaseTree
) {
  const attributes = yield* readAttributes(repository, base)
  const autocrlf = configuration.get("core.autocrlf")
  const converts = (autocrlf !== undefined && autocrlf !== "false") ||
    /(^|\s)(text|eol|ident|working-tree-encoding|filter)(=|\s|$)/m.test(attributes.replaceAll(/filter=lfs|-text/g, ""))
  return [
    ...(/filter=lfs/.test(attributes)
      ? [
        "Git LFS: its files are pointers in the worktrees, unless setup fetches them (setup.commands: \"git lfs pull\")."
      ]
      : []),
    ...(converts
      ? ["Line-end or other conversions are configured: worktrees and patches hold the bytes as git stores them."]
      : []),
    ...(base.gitlinks.length > 0
      ? [
        `Submodules (${
          base.gitlinks.slice(0, 5).join(", ")
        }): their folders are empty unless setup fills them, and what is in them is in no patch.`
      ]
      : []),
    ...(configuration.get("core.sparsecheckout") === "true"
      ? ["Sparse checkout: the worktrees hold every file of the base commit."]
      : []),
    ...(isPartialClone(configuration)
      ? ["Partial clone: every object of the base commit is here, nothing is fetched during the run."]
      : [])
  ]
})

const isPartialClone = (configuration: ReadonlyMap<string, string>): boolean =>
  [...configuration].some(([key, value]) =>
    /^extensions\.partialclone$|^remote\..*\.promisor$/.test(key) && value !== "false"
  )

const readAttributes = Effect.fnUntraced(function*(repository: Repository, base: BaseTree) {
  if (base.attributeFiles.length === 0) return ""
  const git = yield* Git
  const answer = yield* git.run({
    target: repository.target,
    args: ["--literal-pathspecs", "grep", "-h", "-e", ".", base.commit, "--", ...base.attributeFiles.slice(0, 500)],
    accept: [0, 1]
  })
  return new TextDecoder().decode(answer.stdout).replaceAll(/^\s*#.*$/gm, "")
})

/** Objects of a commit that a partial clone does not have: a run can't start. Fetches none. */
export const countMissing = Effect.fn("preflight.countMissing")(function*(
  repository: Repository,
  configuration: ReadonlyMap<string, string>,
  commit: string
) {
  if (!isPartialClone(configuration)) return 0
  const git = yield* Git
  const answer = yield* git.run({
    target: repository.target,
    args: ["rev-list", "--objects", "--no-walk", "--missing=print", commit],
    maxOutputBytes: 512 * 1024 * 1024,
    timeout: "2 minutes"
  })
  return new TextDecoder().decode(answer.stdout).split("\n").filter((line) => line.startsWith("?")).length
})
