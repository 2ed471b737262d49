/** Files and the index of a checkout, made ready beside it as git would make them there. */
import * as Effect from "effect/Effect"
import { copyFileSync, existsSync } from "node:fs"
import * as path from "node:path"
import { Git, type GitTarget, joinNul } from "../git/Git.ts"
import { type Index, setEntries } from "../git/indexEntries.ts"
import type { Blob } from "../git/treeChanges.ts"
import { attempt, type Checkout, newIndexOf } from "./applyHolding.ts"
import { attributeEntries, type Move } from "./applyObstacles.ts"
import type { Quarantine } from "./quarantine.ts"

type Entry = readonly [path: string, blob: Blob]

const isAttributes = ([file]: Entry): boolean => path.basename(file) === ".gitattributes"

/**
 * The new files, converted by the user's configuration and the attributes that
 * the checkout has now. Those that come with the change count later: they could
 * name a program of the user's for a content that they don't know yet.
 */
export const makeFiles = Effect.fn("apply.makeFiles")(function*(
  checkout: Checkout,
  quarantine: Quarantine,
  index: Index,
  moves: ReadonlyArray<Move>,
  into: string
) {
  const { repository } = checkout
  const files = moves.flatMap(({ change: { after, path: file }, indexOnly }): ReadonlyArray<Entry> =>
    after === null || indexOnly ? [] : [[file, after]]
  )
  const deleted = new Set(moves.flatMap(({ change: { after, path: file } }) => after === null ? [file] : []))
  const write = Effect.fnUntraced(
    function*(target: GitTarget, attributes: ReadonlyArray<Entry>, entries: ReadonlyArray<Entry>) {
      if (entries.length === 0) return
      const git = yield* Git
      yield* setEntries(target, repository, [...attributes, ...entries])
      yield* git.run({
        target,
        args: ["checkout-index", "-q", `--prefix=${into}/`, "-z", "--stdin"],
        stdin: joinNul(entries.map(([file]) => file)),
        timeout: "10 minutes"
      })
    }
  )
  yield* write(
    { ...repository.target, index: path.join(checkout.holding, "index.files") },
    attributeEntries(index).filter(([file]) => !deleted.has(file)),
    files.filter((entry) => !isAttributes(entry))
  )
  yield* write(quarantine.over("attributes"), [], files.filter(isAttributes))
})

/** The checkout's index with the changes in it. */
export const makeIndex = Effect.fn("apply.makeIndex")(function*(checkout: Checkout, moves: ReadonlyArray<Move>) {
  const git = yield* Git
  const { index, repository } = checkout
  const target = { ...repository.target, index: newIndexOf(checkout) }
  yield* attempt(() => existsSync(index) && copyFileSync(index, target.index))
  yield* setEntries(target, repository, moves.map(({ change: { after, path: file } }) => [file, after] as const))
  // An entry that is set anew is one of the checkout again; these are to stay out of it.
  const skipped = moves.filter(({ change: { after }, indexOnly }) => indexOnly && after !== null)
  if (skipped.length === 0) return
  yield* git.run({
    target,
    args: ["update-index", "-z", "--skip-worktree", "--stdin"],
    stdin: joinNul(skipped.map(({ change: { path: file } }) => file))
  })
})
