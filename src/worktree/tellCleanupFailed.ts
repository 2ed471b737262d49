/** What is told of a worktree that could not be removed: never a failure, the next start or the user clears it away. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

export const tellCleanupFailed = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.logWarning(`Worktree cleanup failed: ${reasonOf(Cause.squash(cause))}. Clear it away: codex-runner runs clean`)

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim()
