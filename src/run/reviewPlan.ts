/** A plan's review: Codex reads a clean checkout of the repository, changes nothing, and answers by a schema. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { randomBytes } from "node:crypto"
import * as path from "node:path"
import { makeRedactor, secretsOf } from "../audit/redaction.ts"
import { taskMarker } from "../codex/Codex.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import {
  decodePlanReviewRequest,
  PlanReviewFailed,
  planReviewJsonSchema,
  type PlanReviewRequest,
  readAnswer
} from "../domain/PlanReview.ts"
import { quotedShort } from "../domain/quoted.ts"
import type { TaskError } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import type { RunId } from "../domain/Task.ts"
import { makeRunId, reviewId } from "../policy/admission.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import { Host } from "../process/Host.ts"
import { endMarked } from "../process/leftovers.ts"
import { StoreFailed } from "../store/durable.ts"
import { RunStore } from "../store/RunStore.ts"
import { reviewFolder, worktreePlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { type Worktree, Worktrees } from "../worktree/Worktrees.ts"
import { errorOf } from "./atWork.ts"
import { checkSurroundings, problemsOf, reject, type Surroundings } from "./preflight.ts"
import { ask, type Review } from "./reviewAnswer.ts"
import { repairPrompt, reviewPrompt } from "./reviewPrompt.ts"
import { locateFor } from "./startRun.ts"
import { sweep, tellSwept } from "./sweep.ts"
import { tidyUp } from "./tidyUp.ts"

/**
 * Reviews a plan. Refused as a run is, where the request or the environment is
 * no good; else a review comes, or why there is none. `watch` is told what
 * happens as in a run, under the task id `review`.
 */
export const reviewPlan = Effect.fn("codex_runner.review")(function*(
  request: PlanReviewRequest,
  watch: Watch
) {
  const checked = decodePlanReviewRequest(request)
  const { layout, repository } = yield* locateFor(checked)
  const swept = yield* sweep(repository, layout)
  const { env } = yield* Host
  const runId = makeRunId(new Date(yield* Clock.currentTimeMillis), randomBytes(4).toString("hex"))
  const codexHome = `${reviewFolder(layout, runId)}/codex-home`
  const surroundings = yield* checkSurroundings({ repository, layout, host: env, codexHome })
  if (Either.isLeft(checked) || Either.isLeft(surroundings)) {
    return yield* reject([...problemsOf(checked), ...problemsOf(surroundings)])
  }
  const warnings = [...swept.map(tellSwept), ...surroundings.right.warnings]
  return yield* conductReview({ ...surroundings.right, warnings }, runId, checked.right, watch)
})

/** The review itself, from its worktree to its answer. */
export const conductReview = Effect.fn("conductReview")(function*(
  surroundings: Surroundings,
  runId: RunId,
  request: PlanReviewRequest,
  watch: Watch
) {
  const { env } = yield* Host
  const { layout } = surroundings
  const redactor = makeRedactor(secretsOf(env))
  const review: Review = {
    surroundings,
    runId,
    folder: reviewFolder(layout, runId),
    redact: (text) => redactor.text(text),
    emit: (event) =>
      Effect.catchAllCause(
        Effect.suspend(() => watch(event)),
        // A reader's bug is no review's.
        (cause) => Effect.logWarning("a reader of the review's events failed", cause)
      )
  }
  const goneAgain = Effect.zipRight(
    tidyUp(layout, runId, [review.folder]),
    Effect.flatMap(Trash, (trash) => trash.removeEmpty(path.dirname(review.folder)))
  )
  return yield* inWorktree(review, (worktree) => work(review, worktree, request)).pipe(
    Effect.ensuring(goneAgain),
    Effect.mapError((failure) => masked(review, failure instanceof PlanReviewFailed ? failure.error : errorOf(failure)))
  )
})

const masked = ({ redact }: Review, { kind, message }: TaskError) =>
  new PlanReviewFailed({ error: { kind, message: redact(message) } })

/** A worktree and a folder of the review's own; no process of it outlives the worktree. */
const inWorktree = <A, E, R>(review: Review, use: (worktree: Worktree) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.gen(function*() {
    const { base, excludes, layout, repository } = review.surroundings
    const worktrees = yield* Worktrees
    const policy = yield* SecurityPolicy
    const store = yield* RunStore
    yield* makeFolder(review.folder)
    yield* store.own(review.folder)
    yield* enter(review, { stage: "worktree" })
    const task = policy.admitReview({ runId: review.runId, prompt: "" })
    const places = worktreePlaces(layout, task.runId, task.taskId)
    const worktree = yield* worktrees.acquire({ task, repository, base, places, excludes, checkout: true })
    yield* Effect.addFinalizer(() => endMarked("CODEX_RUNNER_TASK", taskMarker(task, worktree.path).CODEX_RUNNER_TASK))
    return yield* use(worktree)
  }))

const makeFolder = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeDirectory(folder, { recursive: true, mode: 0o700 })).pipe(
    Effect.mapError((error) => new StoreFailed({ path: folder, reason: error.message }))
  )

const enter = (
  { emit }: Review,
  at: { readonly stage: "worktree" } | { readonly stage: "codex"; timeout_sec: number }
) => emit({ _tag: "TaskStageEntered", task_id: reviewId, ...at })

const note = ({ emit }: Review, message: string) => emit({ _tag: "TaskNote", task_id: reviewId, message })

/** Asks, and asks once more where the answer is not by the schema: both within one time limit. */
const work = Effect.fnUntraced(
  function*(review: Review, worktree: Worktree, request: PlanReviewRequest) {
    yield* Effect.forEach(review.surroundings.warnings, (warning) => note(review, warning), { discard: true })
    const answerSchema = yield* writeSchema(review)
    const { default_timeout_sec } = yield* RunnerConfig
    yield* enter(review, { stage: "codex", timeout_sec: default_timeout_sec })
    const prompt = reviewPrompt(request)
    const answer = yield* ask(review, worktree, { name: "first", prompt, answerSchema })
    const first = readAnswer(answer, review.redact)
    if (Either.isRight(first)) return first.right
    yield* note(review, `The answer is not by the schema (${inShort(first.left)}): asked once more.`)
    const repaired = yield* ask(review, worktree, {
      name: "second",
      prompt: repairPrompt(prompt, answer, first.left),
      answerSchema
    })
    const second = readAnswer(repaired, review.redact)
    return yield* Either.mapLeft(second, (problems) => notByTheSchema(review.redact(repaired), problems))
  },
  (effect) =>
    Effect.flatMap(
      RunnerConfig,
      ({ default_timeout_sec: seconds }) =>
        Effect.timeoutFail(effect, { duration: `${seconds} seconds`, onTimeout: () => timedOut(seconds) })
    )
)

const writeSchema = Effect.fnUntraced(function*({ folder }: Review) {
  const fs = yield* FileSystem.FileSystem
  const file = `${folder}/answer.schema.json`
  yield* fs.writeFileString(file, JSON.stringify(planReviewJsonSchema()), { mode: 0o600 }).pipe(
    Effect.mapError((error) => new StoreFailed({ path: file, reason: error.message }))
  )
  return file
})

const timedOut = (seconds: number) =>
  new PlanReviewFailed({
    error: {
      kind: "timeout",
      message: `Review timeout exceeded (${seconds}s). Raise default_timeout_sec, or review the plan in parts.`
    }
  })

const notByTheSchema = (answer: string, problems: ReadonlyArray<string>) =>
  new PlanReviewFailed({
    error: {
      kind: "model",
      message: `Codex's answer is not by the schema, and was not after it had been told why: ${inShort(problems)}. ` +
        `It answered: ${quotedShort(answer, 200)}. Try again, or set codex_model to a model that answers by a schema.`
    }
  })

const inShort = (problems: ReadonlyArray<string>): string =>
  `${problems.slice(0, 3).join("; ")}${problems.length > 3 ? `; and ${problems.length - 3} more` : ""}`
