/** What in the user's checkout stands in the way of a change: their own work, first of all. */
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import * as path from "node:path"
import { type ApplyProblem, applyProblem } from "../domain/Apply.ts"
import { foldPath, withParents } from "../domain/Changes.ts"
import { quotedShort } from "../domain/quoted.ts"
import { Git, splitNul } from "../git/Git.ts"
import { type Index, setEntries } from "../git/indexEntries.ts"
import type { Repository } from "../git/Repository.ts"
import { sameBlob, type TreeChange } from "../git/treeChanges.ts"
import { attempt } from "./applyHolding.ts"
import { type Stamp, stampOf, statAt } from "./applySwap.ts"

/** One change of the checkout, and what is there now. */
export interface Move {
  readonly change: TreeChange
  /** Left out of a sparse checkout: for the index alone. */
  readonly indexOnly: boolean
  readonly old: Stamp | null
}

export interface Inspection {
  /** Without those that are there already. */
  readonly moves: ReadonlyArray<Move>
  readonly problems: ReadonlyArray<ApplyProblem>
}

/**
 * Looks at the files of these changes, from HEAD on, as the index and the disk
 * have them. `scratch` is a file for an index of the runner's own: it holds no
 * more than is looked at, believes no time stamp and no flag of the user's.
 */
export const inspect = Effect.fn("apply.inspect")(function*(
  repository: Repository,
  index: Index,
  changes: ReadonlyArray<TreeChange>,
  scratch: string
) {
  if (index.unmerged.length > 0) return refused("a merge is under way in the checkout. End it first.")
  const submodule = changes.find(({ after, before }) => before?.mode === "160000" || after?.mode === "160000")
  if (submodule !== undefined) {
    return refused(`${quotedShort(submodule.path, 200)} is a submodule, which apply leaves alone.`)
  }

  const stamps = yield* attempt(() =>
    new Map(changes.map(({ path: file }) => [file, stampOf(path.join(repository.root, file))]))
  )
  const isThere = ({ after, path: file }: TreeChange) => sameBlob(index.entries.get(file) ?? null, after)
  const staged = changes.filter((change) =>
    !isThere(change) && !sameBlob(index.entries.get(change.path) ?? null, change.before)
  )
  /** In the index alone, as a sparse checkout has it. */
  const isSkipped = (file: string) => index.entries.get(file)?.skipped === true && stamps.get(file) === null
  const present = changes.map((change) => change.path).filter((file) => !isSkipped(file))
  const edited = yield* editedFiles(repository, index, present, scratch)
  const own = new Set([...staged.map((change) => change.path), ...edited])
  const open = changes.filter((change) => !own.has(change.path) && !isThere(change))
  const foldCase = yield* foldsCase(repository)
  const inTheWay = yield* attempt(() => findInTheWay(repository.root, open, foldCase))
  const problems = [
    ...[...own].sort().map((file) =>
      applyProblem("uncommitted", `${quotedShort(file, 200)} has changes of yours that are not committed.`, {
        path: file
      })
    ),
    ...inTheWay.map((file) =>
      applyProblem("untracked", `${quotedShort(file, 200)} is in the way, and git doesn't know it.`, { path: file })
    )
  ]
  const moves = open.map((change): Move => ({
    change,
    indexOnly: isSkipped(change.path),
    old: stamps.get(change.path) ?? null
  }))
  return { moves, problems } satisfies Inspection
})

const refused = (message: string): Inspection => ({ moves: [], problems: [applyProblem("checkout", message)] })

/** Attributes of the index: where a sparse checkout has left out the file, git reads them from there. */
export const attributeEntries = (index: Index) =>
  [...index.entries].filter(([file]) => file === ".gitattributes" || file.endsWith("/.gitattributes"))

/** Files that are not what the index holds; those that are missing on disk too. */
const editedFiles = Effect.fnUntraced(
  function*(repository: Repository, index: Index, files: ReadonlyArray<string>, scratch: string) {
    const git = yield* Git
    const target = { ...repository.target, index: scratch }
    const known = files.flatMap((file) => {
      const entry = index.entries.get(file)
      return entry === undefined ? [] : [[file, entry] as const]
    })
    if (known.length === 0) return []
    yield* setEntries(target, repository, [...attributeEntries(index), ...known])
    yield* git.run({ target, args: ["update-index", "-q", "--refresh"], accept: [0, 1], timeout: "5 minutes" })
    const differing = yield* git.run({
      target,
      args: ["diff-files", "-z", "--name-only", "--ignore-submodules=all"],
      timeout: "5 minutes"
    })
    const looked = new Set(files)
    return splitNul(differing.stdout).filter((file) => looked.has(file))
  }
)

/** Whether `a` and `A` are one file here. */
const foldsCase = (repository: Repository) =>
  Effect.map(
    Effect.flatMap(Git, (git) =>
      git.run({ target: repository.target, args: ["config", "--type=bool", "core.ignoreCase"], accept: [0, 1] })),
    (answer) =>
      new TextDecoder().decode(answer.stdout).trim() === "true"
  )

/** What lies where something new is to be, unless it goes with the change. */
const findInTheWay = (root: string, changes: ReadonlyArray<TreeChange>, foldCase: boolean): ReadonlyArray<string> => {
  const nameOf = (file: string) => foldCase ? foldPath(file) : file
  const going = new Set(changes.filter(({ before }) => before !== null).map(({ path: file }) => nameOf(file)))
  const found = new Set<string>()
  for (const { after, path: file } of changes) {
    if (after === null) continue
    const blocked = withParents(file).slice(1).find((parent) => {
      const stats = statAt(path.join(root, parent))
      return stats !== undefined && !stats.isDirectory() && !going.has(nameOf(parent))
    })
    if (blocked !== undefined) found.add(blocked)
    else for (const there of filesAt(root, file)) if (!going.has(nameOf(there))) found.add(there)
  }
  return [...found].sort()
}

/** The file at a path, or every one below it. */
const filesAt = (root: string, file: string): ReadonlyArray<string> => {
  const stats = statAt(path.join(root, file))
  if (stats === undefined) return []
  return stats.isDirectory()
    ? readdirSync(path.join(root, file)).flatMap((name) => filesAt(root, `${file}/${name}`))
    : [file]
}
