/** What is left of a run's places once its tasks are over: nothing but its record and what is kept. */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import { type Layout, worktreePlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { Worktrees } from "../worktree/Worktrees.ts"

/** Discards the run's folders, and those that are named beside; waits, within a limit, until they are gone. */
export const tidyUp = Effect.fn("tidyUp")(function*(layout: Layout, runId: string, more: ReadonlyArray<string>) {
  const trash = yield* Trash
  const worktrees = yield* Worktrees
  const { gitDir, scratch, worktree } = worktreePlaces(layout, runId, "any")
  for (const folder of [path.dirname(scratch), path.dirname(gitDir), ...more]) {
    yield* trash.discard(folder, layout.trash)
  }
  yield* worktrees.settle
  yield* trash.removeEmpty(path.dirname(worktree))
})
