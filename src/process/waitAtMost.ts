/** Limits where nothing can be interrupted: in a finalizer, after a cancellation. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Does something and waits for its end, but not longer than this; then it is
 * interrupted. Effect's own limits fork children, which an interruption ends
 * even where their parent can't be interrupted; this waits on.
 */
export const waitAtMost = <A, E, R>(
  limit: Duration.DurationInput,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<void, never, R> =>
  Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), (fiber) =>
    Effect.async<void>((resume) => {
      const done = () => resume(Effect.void)
      const timer = setTimeout(done, Duration.toMillis(limit))
      fiber.addObserver(() => {
        clearTimeout(timer)
        done()
      })
      return Effect.sync(() => clearTimeout(timer))
    }).pipe(Effect.ensuring(Fiber.interruptFork(fiber))))
