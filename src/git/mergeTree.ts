/** `git merge-tree`: what three trees make together, without a checkout. */
import * as Effect from "effect/Effect"
import { Git, type GitTarget, splitNul } from "./Git.ts"

/** One conflict of two commits: its paths, and what git calls it (`contents`, `modify/delete`, `file/directory`). */
export interface MergeConflict {
  readonly paths: ReadonlyArray<string>
  readonly type: string
}

export interface Merged {
  /** The tree they make; with conflicts, one with marks in it that nobody should see. */
  readonly tree: string
  /** None: the merge is clean. */
  readonly conflicts: ReadonlyArray<MergeConflict>
}

/**
 * Reads `merge-tree --write-tree --stdin -z --name-only`, a record for each
 * pair: `1` (clean) or `0`, the tree, and for a conflict the names in its
 * index, an empty one, and messages (a count, so many paths, type, text) up to
 * another empty one.
 */
export const parseMergeTree = (output: Uint8Array): ReadonlyArray<Merged> => {
  const fields = splitNul(output)
  const merged: Array<Merged> = []
  let at = 0
  const next = () => fields[at++] ?? ""
  while (at < fields.length) {
    const clean = next() === "1"
    const tree = next()
    const names: Array<string> = []
    for (let name = next(); name !== ""; name = next()) names.push(name)
    const conflicts: Array<MergeConflict> = []
    for (let count = clean ? "" : next(); count !== ""; count = next()) {
      const paths = Array.from({ length: Number(count) }, next)
      const [, type] = /^CONFLICT \((.*)\)$/.exec(next()) ?? []
      next()
      if (type !== undefined) conflicts.push({ paths, type })
    }
    const told = clean || conflicts.length > 0 ? conflicts : [{ paths: names, type: "contents" }]
    merged.push({ tree, conflicts: told.map((one) => ({ ...one, paths: one.paths.map(withoutLabel) })) })
  }
  return merged
}

/** A file that is in a folder's way is put beside it, under its name and its commit's: the name alone is what is told. */
const withoutLabel = (path: string): string => path.replace(/~[0-9a-f]{40,64}(?:_\d+)?$/, "")

/** Merges pairs of commits, each by the merge base that their parents give. All ids are full ones. */
export const mergeTrees = Effect.fn("git.mergeTrees")(
  function*(target: GitTarget, pairs: ReadonlyArray<readonly [ours: string, theirs: string]>) {
    if (pairs.length === 0) return []
    const git = yield* Git
    const answer = yield* git.run({
      target,
      args: ["merge-tree", "--write-tree", "--stdin", "-z", "--name-only"],
      stdin: new TextEncoder().encode(pairs.map(([ours, theirs]) => `${ours} ${theirs}\n`).join("")),
      maxOutputBytes: 256 * 1024 * 1024,
      timeout: "5 minutes"
    })
    return parseMergeTree(answer.stdout)
  }
)
