/** Work of an earlier attempt put back into a fresh worktree: what its commit changed of the base, and no more. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { Git, joinNul, splitNul } from "../git/Git.ts"
import { type Worktree, WorktreeFailed } from "./Worktrees.ts"

/** After setup, whose changes are not the task's. `commit` is one that was captured of the same task. */
export const restoreWork = Effect.fn("Worktrees.restoreWork")(
  function*(worktree: Worktree, commit: string) {
    const fs = yield* FileSystem.FileSystem
    const git = yield* Git
    const target = worktree.git.over(`${worktree.git.directory}/index.earlier`)
    yield* git.run({ target, args: ["read-tree", commit] })
    const changed = (filter: string) =>
      Effect.map(
        git.run({
          target,
          args: [
            "diff-tree",
            "-r",
            "-z",
            "--no-renames",
            "--name-only",
            `--diff-filter=${filter}`,
            worktree.base.commit,
            commit
          ]
        }),
        ({ stdout }) => splitNul(stdout)
      )
    const [gone, there] = yield* Effect.all([changed("D"), changed("AMT")], { concurrency: 2 })
    // First: a folder may be where a file was.
    for (const path of gone) yield* fs.remove(`${worktree.path}/${path}`, { force: true })
    if (there.length > 0) {
      yield* git.run({
        target,
        args: ["checkout-index", "-q", "-f", "-z", "--stdin"],
        stdin: joinNul(there),
        timeout: "5 minutes"
      })
    }
  },
  (effect, { path }) => Effect.mapError(effect, (error) => new WorktreeFailed({ path, reason: error.message }))
)
