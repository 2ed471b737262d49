/** What is told of a worktree that could not be removed: never a failure, the next start or the user clears it away. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { reasonOf } from "../domain/reasonOf.ts"

export const tellCleanupFailed = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.logWarning(
    `Worktree cleanup failed: ${reasonOf(Cause.squash(cause)).trim()}. Clear it away: codex-runner runs clean`
  )
