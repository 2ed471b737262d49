/** A checkout's index: what git takes the files for. */
import * as Effect from "effect/Effect"
import { Git, type GitTarget, joinNul, type RepositoryTarget, splitNul } from "./Git.ts"
import type { Repository } from "./Repository.ts"
import type { Blob } from "./treeChanges.ts"

export interface IndexEntry extends Blob {
  /** Left out of a sparse checkout: in the index alone. */
  readonly skipped: boolean
}

export interface Index {
  readonly entries: ReadonlyMap<string, IndexEntry>
  /** Paths of a merge that is under way. */
  readonly unmerged: ReadonlyArray<string>
}

/** Reads `ls-files -s -t -z`. */
export const parseIndex = (output: Uint8Array): Index => {
  const entries = new Map<string, IndexEntry>()
  const unmerged = new Set<string>()
  for (const record of splitNul(output)) {
    const tab = record.indexOf("\t")
    const [tag, mode = "", id = "", stage] = record.slice(0, tab).split(" ")
    const path = record.slice(tab + 1)
    if (stage === "0") entries.set(path, { mode, id, skipped: tag === "S" })
    else unmerged.add(path)
  }
  return { entries, unmerged: [...unmerged] }
}

export const readIndex = Effect.fn("git.readIndex")(function*(target: RepositoryTarget) {
  const git = yield* Git
  const answer = yield* git.run({
    target,
    args: ["ls-files", "-s", "-t", "-z", "--full-name"],
    maxOutputBytes: 512 * 1024 * 1024,
    timeout: "2 minutes"
  })
  return parseIndex(answer.stdout)
})

/** Sets entries of the target's index, or removes them where null; makes the index where there is none. Looks at no file. */
export const setEntries = Effect.fn("git.setEntries")(
  function*(
    target: GitTarget,
    { objectFormat }: Pick<Repository, "objectFormat">,
    entries: Iterable<readonly [path: string, entry: Blob | null]>
  ) {
    const git = yield* Git
    const all = [...entries]
    const noId = "0".repeat(objectFormat === "sha256" ? 64 : 40)
    // Removals first: a file may give way to a folder of its name.
    const lines = [
      ...all.flatMap(([path, entry]) => entry === null ? [`0 ${noId} 0\t${path}`] : []),
      ...all.flatMap(([path, entry]) => entry === null ? [] : [`${entry.mode} ${entry.id} 0\t${path}`])
    ]
    yield* git.run({
      target,
      args: ["update-index", "-z", "--index-info"],
      stdin: joinNul(lines),
      timeout: "2 minutes"
    })
  }
)
