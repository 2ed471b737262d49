/**
 * Reviews outlive the call that began them, as runs do, for clients that end a
 * call after a minute: the same question joins the review that is under way, or
 * is given the answer that nobody was there to take.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { PlanReview, PlanReviewFailed } from "../domain/PlanReview.ts"
import type { RunRejected } from "../domain/Problem.ts"
import { refuse } from "./call.ts"

type Answer = Deferred.Deferred<PlanReview, RunRejected | PlanReviewFailed>

/** Each is a Codex at work; a client that loses patience with one may well ask for the next. */
const atATime = 4

/** Reviews that are under way, and answers that nobody has taken yet. */
const mostKept = 16

const tooMany = refuse(
  "plan_text",
  `${mostKept} reviews are under way already.`,
  "Call again with the plan of one of them, to wait for that."
)

export class Reviews extends Context.Tag("codex-runner/mcp/Reviews")<
  Reviews,
  {
    /** The answer to a question; it is asked only where it isn't under way. Interruption ends the wait alone. */
    readonly answer: (
      question: string,
      ask: Effect.Effect<PlanReview, RunRejected | PlanReviewFailed>
    ) => Effect.Effect<PlanReview, RunRejected | PlanReviewFailed>
  }
>() {
  /** Reviews go on in the layer's scope. */
  static readonly layer = Layer.scoped(
    Reviews,
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const turns = yield* Effect.makeSemaphore(atATime)
      const known = new Map<string, Answer>()
      const forget = (question: string, answer: Answer) =>
        Effect.sync(() => {
          if (known.get(question) === answer) known.delete(question)
        })
      const makeRoom = Effect.gen(function*() {
        for (const [question, answer] of known) {
          if (known.size < mostKept) break
          if (yield* Deferred.isDone(answer)) known.delete(question)
        }
        if (known.size >= mostKept) return yield* tooMany
      })
      const begin = Effect.fnUntraced(function*(
        question: string,
        ask: Effect.Effect<PlanReview, RunRejected | PlanReviewFailed>
      ) {
        yield* makeRoom
        const answer: Answer = yield* Deferred.make<PlanReview, RunRejected | PlanReviewFailed>()
        known.set(question, answer)
        yield* turns.withPermits(1)(ask).pipe(
          // What failed may go better the next time.
          Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : forget(question, answer)),
          Effect.intoDeferred(answer),
          Effect.forkIn(scope)
        )
        return answer
      })
      return Reviews.of({
        answer: (question, ask) =>
          Effect.gen(function*() {
            const answer = known.get(question) ?? (yield* begin(question, ask))
            const review = yield* Deferred.await(answer)
            yield* forget(question, answer)
            return review
          })
      })
    })
  )
}
