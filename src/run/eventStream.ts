/** A run as the stream of what happens in it. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import type { RunEvent, Watch } from "../domain/RunEvent.ts"

/** Events that may wait for a slow reader; then the run waits. */
const eventsAhead = 1024

/** Starts with its reader, ends with the run; a reader that goes away interrupts it. */
export const eventStream = <A, E, R>(
  run: (watch: Watch) => Effect.Effect<A, E, R>
): Stream.Stream<RunEvent, E, R> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const queue = yield* Queue.bounded<Take.Take<RunEvent, E>>(eventsAhead)
    const tell = (take: Take.Take<RunEvent, E>) => Effect.catchAllCause(Queue.offer(queue, take), () => Effect.void)
    const running = run((event) => tell(Take.of(event))).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) => tell(Take.failCause(cause)),
        onSuccess: () => tell(Take.end)
      }),
      Effect.interruptible
    )
    // The queue first: an offer that waits for room can't be interrupted where the pipeline must not be.
    yield* Effect.acquireRelease(
      Effect.forkDaemon(running),
      (fiber) => Effect.zipRight(Queue.shutdown(queue), Fiber.interrupt(fiber))
    )
    return Stream.flattenTake(Stream.fromQueue(queue))
  }))
