/**
 * The pipeline: what happens to one admitted task, from its worktree to its
 * record. It can't fail: whatever goes wrong becomes part of the result.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as path from "node:path"
import { redactCommand, redactOutputs } from "../audit/redactEvent.ts"
import * as Transcript from "../audit/Transcript.ts"
import { taskMarker } from "../codex/Codex.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { CodexEvent } from "../domain/CodexEvent.ts"
import type { TaskResult } from "../domain/Result.ts"
import type { TaskStage } from "../domain/RunEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { CaptureFailed } from "../patch/CaptureFailed.ts"
import { type Changes, Patches } from "../patch/Patches.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import { endMarked } from "../process/leftovers.ts"
import { refOf, taskFolder, worktreePlaces } from "../store/stateFolder.ts"
import { attribute } from "../telemetry/attributes.ts"
import { stage } from "../telemetry/spans.ts"
import { restoreWork } from "../worktree/restoreWork.ts"
import { setUp } from "../worktree/setup.ts"
import { type Worktree, Worktrees } from "../worktree/Worktrees.ts"
import { codexAtWork, TaskTimedOut, tellDenials } from "./atWork.ts"
import { type Ending, endingOf, endingOfCause, type Progress } from "./ending.ts"
import { report } from "./report.ts"
import { isWanted } from "./rescue.ts"
import type { RunContext } from "./RunContext.ts"

export const runTask = Effect.fnUntraced(function*(context: RunContext, task: AdmittedTask) {
  const startedAt = yield* Clock.currentTimeMillis
  const progress = yield* Ref.make<Progress>({ transcript: Transcript.empty, ended: null })
  const enter = (stage: TaskStage) =>
    context.emit({
      _tag: "TaskStageEntered",
      task_id: task.taskId,
      stage,
      ...(stage === "codex" ? { timeout_sec: Duration.toSeconds(task.timeout) } : {})
    })

  /** Where a stage could not even fail as it should: what may be of the task's own stays. */
  const fail = (cause: Parameters<typeof endingOfCause>[0], worktree: Worktree | null) => {
    const changes = worktree === null ? null : Either.left(
      new CaptureFailed({ worktree: worktree.path, reason: "internal: something else went wrong before" })
    )
    return conclude(context, task, { ending: endingOfCause(cause), changes, worktree, progress, startedAt })
  }

  const inWorktree = Effect.fnUntraced(function*(worktree: Worktree, restore: Restore) {
    const begun = yield* Ref.make(false)
    // A bug in here is an end like any other: what was done until then is captured.
    const exit = yield* Effect.exit(Effect.gen(function*() {
      yield* enter("setup")
      yield* restore(prepare(context, task, worktree))
      yield* Ref.set(begun, true)
      yield* enter("codex")
      yield* restore(work(context, task, worktree, progress))
    }))
    yield* endProcesses(task, worktree)
    const changes = (yield* Ref.get(begun))
      ? yield* Effect.zipRight(enter("capture"), capture(context, task, worktree))
      : null
    const ending = yield* Effect.map(Ref.get(progress), (seen) => endingOf(exit, seen))
    return yield* conclude(context, task, { ending, changes, worktree, progress, startedAt })
  })

  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      yield* enter("worktree")
      const worktree = yield* restore(acquireWorktree(context, task))
      return yield* inWorktree(worktree, restore).pipe(
        Effect.catchAllCause((cause) => Effect.zipRight(worktree.keep, fail(cause, worktree)))
      )
    }).pipe(
      Effect.scoped,
      Effect.catchAllCause((cause) => fail(cause, null))
    )
  )
})

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const acquireWorktree = stage("worktree")(function*(context: RunContext, task: AdmittedTask) {
  const worktrees = yield* Worktrees
  const { base, excludes, layout, repository } = context.ready
  const places = worktreePlaces(layout, task.runId, task.taskId)
  return yield* worktrees.acquire({ task, repository, base, places, excludes, checkout: true })
})

const prepare = stage("setup")(function*(context: RunContext, task: AdmittedTask, worktree: Worktree) {
  yield* setUp(worktree, {
    ...context.setup,
    env: { ...context.setup.env, ...taskMarker(task, worktree.path) },
    containment: context.ready.gate?.containment,
    logPath: path.join(logFolderOf(context, task), "setup.log")
  })
  const earlier = context.earlier.get(task.taskId)
  if (earlier?.work != null) yield* restoreWork(worktree, earlier.work)
})

/** Whatever of the task got out of the group or namespace that it was held in. */
const endProcesses = (task: AdmittedTask, worktree: Worktree) =>
  endMarked("CODEX_RUNNER_TASK", taskMarker(task, worktree.path).CODEX_RUNNER_TASK).pipe(
    Effect.catchAllCause((cause) => Effect.logWarning("a task's processes could not be looked for", cause))
  )

const logFolderOf = (context: RunContext, task: AdmittedTask): string =>
  taskFolder(context.ready.layout, task.runId, task.taskId)

/** Codex at work, within its limits; what it does is folded as it comes. */
const work = stage("codex")(
  function*(context: RunContext, task: AdmittedTask, worktree: Worktree, progress: Ref.Ref<Progress>) {
    const see = Effect.fnUntraced(function*(event: CodexEvent) {
      // Masked before anything is cut: half a secret has no shape to know it by.
      const masked = redactOutputs(event, context.redact)
      yield* Ref.update(progress, (seen) => ({ ...seen, transcript: Transcript.step(seen.transcript, masked) }))
      yield* context.emit({
        _tag: "TaskCodexEvent",
        task_id: task.taskId,
        event: redactCommand(masked, context.redact)
      })
    })
    const { niceness, ready } = context
    const logFolder = logFolderOf(context, task)
    const earlier = context.earlier.get(task.taskId)
    const goOn = earlier === undefined ? {} : { thread: earlier.thread }
    yield* codexAtWork(ready, { task, worktree, logFolder, niceness, ...goOn }).pipe(
      Stream.runForEach((output) =>
        output._tag === "Ended"
          ? Ref.update(progress, (seen) => ({ ...seen, ended: output }))
          : see(output.event)
      ),
      Effect.timeoutFail({
        duration: task.timeout,
        onTimeout: () => new TaskTimedOut({ clock: "wall", seconds: Duration.toSeconds(task.timeout) })
      }),
      tellDenials(ready, { task, logFolder }, context)
    )
  }
)

/** The changes, or why they could not be captured, a bug included; in that case the worktree stays. */
const capture = stage("capture")(function*(context: RunContext, task: AdmittedTask, worktree: Worktree) {
  const patches = yield* Patches
  const policy = yield* SecurityPolicy
  return yield* Effect.suspend(() =>
    patches.capture({
      worktree,
      isDisposable: policy.isDisposable(task),
      ref: refOf(task.runId, task.taskId),
      message: `codex-runner: ${task.runId}/${task.taskId}\n\nWhat the task left in its worktree, as it was found.`,
      patchPath: path.join(logFolderOf(context, task), "patch.diff")
    })
  ).pipe(
    Effect.tap(({ patch }) => Effect.annotateCurrentSpan(attribute.patchBytes, patch?.bytes ?? 0)),
    Effect.catchAllDefect((defect) =>
      Effect.fail(new CaptureFailed({ worktree: worktree.path, reason: `internal: ${String(defect)}` }))
    ),
    Effect.either
  )
})

type Captured = Effect.Effect.Success<ReturnType<typeof capture>>

/** The verdict, the record, and whether the worktree stays. */
const conclude = stage("record")(function*(context: RunContext, task: AdmittedTask, end: {
  readonly ending: Ending
  /** null where Codex was never started: then there is nothing of the task's to capture. */
  readonly changes: Captured | null
  readonly worktree: Worktree | null
  readonly progress: Ref.Ref<Progress>
  readonly startedAt: number
}) {
  const config = yield* RunnerConfig
  yield* context.emit({ _tag: "TaskStageEntered", task_id: task.taskId, stage: "record" })
  const { ended, transcript } = yield* Ref.get(end.progress)
  const captured: Changes | null = end.changes?._tag === "Right" ? end.changes.right : null
  const result: TaskResult = yield* report(context, task, {
    ...end.ending,
    captureFailed: end.changes?._tag === "Left" ? end.changes.left : null,
    changes: captured,
    transcript,
    stderrTail: ended?.stderrTail ?? "",
    worktree: end.worktree,
    startedAt: end.startedAt,
    finishedAt: yield* Clock.currentTimeMillis
  })
  const isGone = end.changes?._tag === "Left" && end.changes.left.kind === "worktree"
  const stays = (!result.captured && !isGone) || isWanted(config, result)
  if (end.worktree !== null && stays) yield* end.worktree.keep
  yield* context.finish(task, result)
  return result
})
