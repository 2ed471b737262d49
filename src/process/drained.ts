/** The end of an output that outlives its process. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** For so long the end of the output is waited for after the process's own, if a stray grandchild holds the pipe open. */
export const drainGrace = Duration.seconds(2)

/**
 * Once the grace is over, what has come meanwhile is read first: where this
 * process was held up, its timers are due before it has read anything.
 */
export const afterReading = (done: () => void): void => void setImmediate(() => setImmediate(done))

/**
 * The stream, ended once it has made its reader wait for the grace period after
 * the exit. The time that the reader itself takes doesn't count.
 */
export const drained = <A, E>(stream: Stream.Stream<A, E>, exited: Effect.Effect<void>): Stream.Stream<A, E> =>
  Stream.unwrapScoped(Effect.map(Stream.toPull(stream), (pull) => {
    let left = Duration.toMillis(drainGrace)
    const wait = Effect.suspend(() => {
      const since = performance.now()
      return Effect.onExit(Effect.sleep(left), () =>
        Effect.sync(() => {
          left = Math.max(0, left - (performance.now() - since))
        }))
    })
    const read = Effect.async<void>((resume) => afterReading(() => resume(Effect.void)))
    const overdue = exited.pipe(
      Effect.zipRight(wait),
      Effect.zipRight(read),
      Effect.zipRight(Effect.fail(Option.none()))
    )
    return Stream.repeatEffectChunkOption(Effect.raceFirst(pull, overdue))
  }))
