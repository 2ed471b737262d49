/** One question of a review to Codex, and its answer as it came. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { redactCommand, redactOutputs } from "../audit/redactEvent.ts"
import * as Transcript from "../audit/Transcript.ts"
import type { CodexOutput } from "../codex/Codex.ts"
import { judgeEnd } from "../codex/failures.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { CodexEvent } from "../domain/CodexEvent.ts"
import { PlanReviewFailed } from "../domain/PlanReview.ts"
import type { Watch } from "../domain/RunEvent.ts"
import type { AdmittedTask, RunId } from "../domain/Task.ts"
import { readGateLogIn } from "../gate/gateLog.ts"
import { joinGate } from "../gate/joinGate.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import { StoreFailed } from "../store/durable.ts"
import type { Worktree } from "../worktree/Worktrees.ts"
import { codexAtWork, tellDenials } from "./atWork.ts"
import { conservativeNiceness } from "./makeContext.ts"
import type { Surroundings } from "./preflight.ts"

/** What the questions of one review share. */
export interface Review {
  readonly surroundings: Surroundings
  readonly runId: RunId
  /** The review's own, outside everything that Codex's commands can write to. */
  readonly folder: string
  readonly redact: (text: string) => string
  readonly emit: Watch
}

export interface Question {
  /** Of the folder for its logs. */
  readonly name: string
  readonly prompt: string
  /** The file of the schema. */
  readonly answerSchema: string
}

interface Seen {
  readonly transcript: Transcript.Transcript
  /** The last message, unmasked: what is masked in it is masked once it is parsed. */
  readonly answer: string
  readonly ended: Extract<CodexOutput, { _tag: "Ended" }> | null
}

/** A turn of Codex; fails where it doesn't come to its end, or where something ran that must not. */
export const ask = Effect.fn("reviewPlan.ask")(function*(review: Review, worktree: Worktree, question: Question) {
  const fs = yield* FileSystem.FileSystem
  const policy = yield* SecurityPolicy
  const config = yield* RunnerConfig
  const { prompt, answerSchema, name } = question
  const logFolder = `${review.folder}/${name}`
  yield* fs.makeDirectory(logFolder, { mode: 0o700 }).pipe(
    Effect.mapError((error) => new StoreFailed({ path: logFolder, reason: error.message }))
  )
  const task = policy.admitReview({ runId: review.runId, prompt })
  const niceness = config.resource_policy === "conservative" ? conservativeNiceness : undefined
  const seen = yield* Ref.make<Seen>({ transcript: Transcript.empty, answer: "", ended: null })
  const see = Effect.fnUntraced(function*(event: CodexEvent) {
    const masked = redactOutputs(event, review.redact)
    yield* Ref.update(seen, ({ answer, ended, transcript }): Seen => ({
      transcript: Transcript.step(transcript, masked),
      answer: messageIn(event) ?? answer,
      ended
    }))
    yield* review.emit({
      _tag: "TaskCodexEvent",
      task_id: task.taskId,
      event: redactCommand(masked, review.redact)
    })
  })
  yield* codexAtWork(review.surroundings, { task, worktree, logFolder, niceness, answerSchema }).pipe(
    Stream.runForEach((output) =>
      output._tag === "Ended" ? Ref.update(seen, (all) => ({ ...all, ended: output })) : see(output.event)
    ),
    tellDenials(review.surroundings, { task, logFolder }, review)
  )
  const { answer, ended, transcript } = yield* Ref.get(seen)
  const judgement = judgeEnd({
    transcript,
    exit: ended?.exit ?? { code: null, signal: "unknown" },
    stderrTail: ended?.stderrTail ?? ""
  })
  if (!judgement.ok) return yield* new PlanReviewFailed({ error: judgement.error })
  const [breach] = yield* breachesIn(review, task, worktree, { transcript, logFolder })
  if (breach !== undefined) return yield* new PlanReviewFailed({ error: { kind: "policy", message: breach.detail } })
  return answer
})

const messageIn = (event: CodexEvent): string | undefined =>
  event.type === "item.completed" && event.item.type === "agent_message" ? event.item.text : undefined

/** What ran without the gate's leave; without a gate, what it would not have let run. */
const breachesIn = Effect.fnUntraced(function*(
  { surroundings: { gate, session } }: Review,
  task: AdmittedTask,
  worktree: Worktree,
  { logFolder, transcript }: { readonly transcript: Transcript.Transcript; readonly logFolder: string }
) {
  if (gate !== null) return joinGate(transcript, yield* readGateLogIn(logFolder)).breaches
  const policy = yield* SecurityPolicy
  return policy.audit({
    task,
    worktree: worktree.path,
    commands: transcript.commands.map(({ command }) => command),
    searchPath: session.searchPath,
    files: [],
    links: new Map(),
    foldedPaths: new Map()
  })
})
