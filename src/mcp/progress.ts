/** Progress of a call, for a client that asked for it: each change, and a sign of life in between. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"

export interface Said {
  readonly done: number
  /** undefined where there is nothing to count. */
  readonly total: number | undefined
  readonly message: string
}

/** Hands one notification to the client; done once it was taken, so that a slow reader is not buried. */
export type Send = (progress: number, total: number | undefined, message: string) => Promise<void>

/** Never waits. */
export type Say = (said: Said) => Effect.Effect<void>

/** Clients end a silent call; the longest silence they are promised is 15 seconds. */
const signOfLife = "10 seconds"
const atMostEvery = "500 millis"

/**
 * Does the work, and tells of it meanwhile: at once, at each change, and where
 * nothing changes. Nothing is told once the work has ended.
 */
export const withProgress = <A, E, R>(
  send: Send | undefined,
  work: (say: Say) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  send === undefined ? work(() => Effect.void) : Effect.scoped(Effect.gen(function*() {
    const news = yield* Queue.sliding<Said>(1)
    yield* Effect.forkScoped(tellAll(news, send))
    return yield* work((said) => Effect.asVoid(Queue.offer(news, said)))
  }))

const tellAll = (news: Queue.Dequeue<Said>, send: Send) =>
  Effect.gen(function*() {
    let said: Said = { done: 0, total: undefined, message: "checking the request" }
    const increasing = makeIncreasing()
    while (true) {
      const { message, total } = said
      const progress = increasing(said)
      // A client that is gone is the server's matter.
      yield* Effect.ignore(Effect.tryPromise(() => send(progress, total, message)))
      yield* Effect.sleep(atMostEvery)
      said = yield* Effect.timeoutTo(Queue.take(news), {
        duration: signOfLife,
        onSuccess: (next) => next,
        onTimeout: () => said
      })
    }
  })

/**
 * The protocol wants each number greater than the last, also where nothing
 * changed: between one finished task and the next come fractions, which never
 * reach it; the end is told by the reply alone.
 */
export const makeIncreasing = () => {
  let whole = -1
  let beats = 0
  return ({ done, total }: Said): number => {
    const now = Math.max(whole, total === undefined ? 0 : Math.min(done, Math.max(0, total - 1)))
    beats = now > whole ? 0 : beats + 1
    whole = now
    return whole + beats / (beats + 1)
  }
}
