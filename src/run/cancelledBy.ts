/** Work that somebody else may end. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"

/**
 * Interrupts the work once `asked` has ended, says so in `wasAsked`, and waits
 * until the work is at its end, as it does where it is interrupted itself.
 * (Effect's own races go on without waiting for what can't be interrupted.)
 */
export const cancelledBy =
  (asked: Effect.Effect<void>, wasAsked: Ref.Ref<boolean>) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkDaemon(Effect.interruptible(work))
        const ear = yield* Effect.forkDaemon(
          Effect.interruptible(asked).pipe(
            Effect.zipRight(Ref.set(wasAsked, true)),
            Effect.zipRight(Fiber.interruptFork(fiber))
          )
        )
        return yield* restore(Fiber.await(fiber)).pipe(
          Effect.onInterrupt(() => Fiber.interrupt(fiber)),
          Effect.ensuring(Fiber.interrupt(ear)),
          Effect.flatten
        )
      })
    )
