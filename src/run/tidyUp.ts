/** What is left of a run's places once its tasks are over: nothing but its record and what is kept. */
import * as Effect from "effect/Effect"
import { type Layout, runPlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { Worktrees } from "../worktree/Worktrees.ts"

/** Discards the run's folders, and those that are named beside; waits, within a limit, until they are gone. */
export const tidyUp = Effect.fn("tidyUp")(function*(layout: Layout, runId: string, more: ReadonlyArray<string>) {
  const trash = yield* Trash
  const { settle } = yield* Worktrees
  const { gitDirs, scratch, worktrees } = runPlaces(layout, runId)
  for (const folder of [scratch, gitDirs, ...more]) {
    yield* trash.discard(folder, layout.trash)
  }
  yield* settle
  yield* trash.removeEmpty(worktrees)
})
