/** A run that goes on while its starter does something else. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { RunRejected } from "../domain/Problem.ts"
import type { RunResult } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import type { RunId } from "../domain/Task.ts"

/**
 * Comes back once the run is on record, or with why it is refused. The run goes
 * on in the scope: closing it cancels the run. `run` is how it is run.
 */
export const startInBackground = Effect.fn("startInBackground")(function*<R>(
  run: (watch: Watch) => Effect.Effect<RunResult, RunRejected, R>,
  watch: Watch
) {
  const started = yield* Deferred.make<RunId, RunRejected>()
  const tell: Watch = (event) =>
    Effect.zipRight(
      event._tag === "RunStarted" ? Deferred.succeed(started, event.run_id) : Effect.void,
      watch(event)
    )
  yield* run(tell).pipe(
    // Also where it was there before, and nothing was started.
    Effect.flatMap(({ run_id }) => Deferred.succeed(started, run_id)),
    Effect.catchAllCause((cause) =>
      Effect.flatMap(
        Deferred.failCause(started, cause),
        (wasWaitedFor) =>
          wasWaitedFor || Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError("a run failed", cause)
      )
    ),
    Effect.forkScoped
  )
  return yield* Deferred.await(started)
})
