/** The tool that reviews a plan. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { lastAction } from "../audit/lastAction.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import { bothProblems, type Call, read, repoDirOf } from "./call.ts"
import { type Say, withProgress } from "./progress.ts"
import { Repositories } from "./Repositories.ts"
import { reviewReply } from "./reviewReply.ts"
import { Reviews } from "./reviews.ts"
import { PlanReviewInput } from "./schemas.ts"

const readInput = read(PlanReviewInput)

export const reviewPlan = ({ args, send }: Call) =>
  withProgress(send, (say) =>
    Effect.gen(function*() {
      const decoded = readInput(args)
      const repositories = yield* Repositories
      const opened = yield* Effect.either(repositories.toStart(repoDirOf(args)))
      if (Either.isLeft(decoded) || Either.isLeft(opened)) return yield* bothProblems(decoded, opened)
      const { repo_dir: _, ...request } = decoded.right
      const { config, root, runner } = opened.right
      const from = yield* Clock.currentTimeMillis
      const reviews = yield* Reviews
      const question = JSON.stringify([root, config, request])
      yield* say({ done: 0, total: undefined, message: "waiting for the review" })
      return reviewReply(yield* reviews.answer(question, runner.reviewPlan(request, tellOf(say, from))))
    }))

/** Codex's answer, or its draft, is JSON: no news of progress. */
const tellOf = (say: Say, from: number) => (event: RunEvent) =>
  Effect.gen(function*() {
    const seconds = Math.round(((yield* Clock.currentTimeMillis) - from) / 1000)
    const words = event._tag === "TaskStageEntered"
      ? event.stage
      : event._tag === "TaskCodexEvent" && !("item" in event.event && event.event.item.type === "agent_message")
      ? lastAction(event.event)
      : undefined
    if (words !== undefined) yield* say({ done: 0, total: undefined, message: `review, ${seconds} s: ${words}` })
  })
