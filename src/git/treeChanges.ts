/** What differs between trees, as git stores it. */
import * as Effect from "effect/Effect"
import { Git, type GitTarget, splitNul } from "./Git.ts"

/** A file on one side of a change: its mode (`100644`, `100755`, `120000`, `160000`) and the id of its content. */
export interface Blob {
  readonly mode: string
  readonly id: string
}

/** A rename is a deletion and an addition. */
export interface TreeChange {
  readonly path: string
  /** null: added. */
  readonly before: Blob | null
  /** null: deleted. */
  readonly after: Blob | null
}

/** Reads `diff-tree --raw -z --no-renames --no-abbrev`: by commit, or under the empty name for two trees. */
export const parseTreeChanges = (output: Uint8Array): ReadonlyMap<string, ReadonlyArray<TreeChange>> => {
  const byCommit = new Map<string, Array<TreeChange>>()
  let changes: Array<TreeChange> = []
  const records = splitNul(output)
  if (records[0]?.startsWith(":") === true) byCommit.set("", changes)
  for (let at = 0; at < records.length; at++) {
    const record = records[at] ?? ""
    if (!record.startsWith(":")) {
      changes = []
      byCommit.set(record, changes)
      continue
    }
    const [oldMode = "", newMode = "", oldId = "", newId = ""] = record.slice(1).split(" ")
    changes.push({
      path: records[++at] ?? "",
      before: blob(oldMode, oldId),
      after: blob(newMode, newId)
    })
  }
  return byCommit
}

const blob = (mode: string, id: string): Blob | null => mode === "000000" ? null : { mode, id }

export const sameBlob = (a: Blob | null, b: Blob | null): boolean => a?.mode === b?.mode && a?.id === b?.id

const how = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"]
const bounds = { maxOutputBytes: 512 * 1024 * 1024, timeout: "2 minutes" } as const

/** From one tree to another. */
export const changesBetween = Effect.fn("git.changesBetween")(function*(target: GitTarget, from: string, to: string) {
  const git = yield* Git
  const answer = yield* git.run({ target, args: [...how, from, to], ...bounds })
  return parseTreeChanges(answer.stdout).get("") ?? []
})

/** Of each of these commits, what it changed in its one parent. */
export const changesOf = Effect.fn("git.changesOf")(function*(target: GitTarget, commits: ReadonlyArray<string>) {
  if (commits.length === 0) return new Map<string, ReadonlyArray<TreeChange>>()
  const git = yield* Git
  const answer = yield* git.run({
    target,
    args: [...how, "--stdin"],
    stdin: new TextEncoder().encode(commits.map((commit) => `${commit}\n`).join("")),
    ...bounds
  })
  return parseTreeChanges(answer.stdout)
})
