/** A run: its tasks through the pipeline, so many at a time, in the order of the request. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { RunResult, TaskError, TaskResult } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import { RunStore } from "../store/RunStore.ts"
import { codexHomeOf, runFolder, worktreePlaces } from "../store/stateFolder.ts"
import { attribute, attributesOfRun } from "../telemetry/attributes.ts"
import { taskSpan } from "../telemetry/spans.ts"
import { Trash } from "../worktree/Trash.ts"
import { Worktrees } from "../worktree/Worktrees.ts"
import { cancelledBy } from "./cancelledBy.ts"
import { makeContext } from "./makeContext.ts"
import { withPinnedBase } from "./pinnedBase.ts"
import type { Ready } from "./preflight.ts"
import { skipped } from "./report.ts"
import { prune } from "./retention.ts"
import type { RunContext } from "./RunContext.ts"
import { runTask } from "./runTask.ts"
import { tidyUp } from "./tidyUp.ts"
import { concurrencyOf, makeTurns } from "./turns.ts"

/** A run that is resumed, its record open already. */
export interface Resumed {
  /** What is final. */
  readonly kept: ReadonlyArray<TaskResult>
  readonly earlier: RunContext["earlier"]
}

export const runTasks = Effect.fnUntraced(function*(
  ready: Ready,
  watch: Watch,
  resumed?: Resumed
) {
  const kept = resumed?.kept
  const { layout, run } = ready
  const store = yield* RunStore
  const { codex_ephemeral, disposable_paths, keep_worktrees } = yield* RunnerConfig
  const startedAt = yield* Clock.currentTimeMillis
  if (kept === undefined) {
    yield* store.create(layout, run, new Date(startedAt), { codex_ephemeral, disposable_paths, keep_worktrees })
  }
  const results = yield* Ref.make<ReadonlyMap<string, TaskResult>>(
    new Map(kept?.map((result) => [result.task_id, result]))
  )
  const context = yield* makeContext(ready, watch, results, resumed?.earlier ?? new Map())

  const concurrency = concurrencyOf(run)
  yield* Effect.annotateCurrentSpan({
    [attribute.runId]: run.runId,
    [attribute.concurrency]: concurrency,
    [attribute.dryRun]: run.dryRun,
    [attribute.warnings]: ready.warnings.length,
    [attribute.codexVersion]: ready.session.version
  })
  const runAll = Effect.gen(function*() {
    const inTurn = yield* makeTurns(layout, run)
    const finished = yield* Ref.get(results)
    yield* Effect.forEach(
      run.tasks.filter((task) => !finished.has(task.taskId)),
      (task) => inTurn(taskSpan(task)(runTask(context, task))),
      { concurrency, discard: true }
    )
  })
  const work = Effect.zipRight(begin(context, concurrency, kept ?? []), run.dryRun ? rehearse(ready) : runAll)
  // The result is made in the exit as well, so that an interrupted run has its record.
  const outcome = yield* Ref.make(Option.none<RunResult>())
  const cancelled = yield* Ref.make(false)
  yield* work.pipe(
    cancelledBy(store.attend(layout, run.runId), cancelled),
    withPinnedBase(ready),
    Effect.onExit((exit) =>
      Effect.gen(function*() {
        // Where sessions are kept, a thread can be resumed from this home.
        yield* tidyUp(layout, run.runId, codex_ephemeral ? [codexHomeOf(layout, run.runId)] : [])
        if (!isRefusal(exit)) {
          const finished = yield* Ref.get(results)
          return yield* Ref.set(outcome, Option.some(yield* conclude(context, finished, startedAt, exit)))
        }
        if (kept === undefined) yield* freeName(ready)
        else yield* store.disown(layout, run.runId)
      })
    ),
    // Whoever asked that the run be cancelled gets its result like everybody else.
    Effect.catchAllCause((cause) =>
      Effect.flatMap(Ref.get(cancelled), (wasAsked) => wasAsked ? Effect.void : Effect.failCause(cause))
    )
  )
  yield* prune(ready)
  return yield* Effect.flatten(Ref.get(outcome)).pipe(Effect.orDie)
}, (effect, { run }) => Effect.annotateLogs(effect, "run_id", run.runId))

/** Tells of the run, and of what is final already. */
const begin = Effect.fnUntraced(
  function*({ emit, ready }: RunContext, concurrency: number, kept: ReadonlyArray<TaskResult>) {
    const { layout, run, warnings } = ready
    yield* emit({
      _tag: "RunStarted",
      run_id: run.runId,
      base_commit: run.baseCommit,
      concurrency,
      tasks: run.tasks.map((task) => task.taskId),
      warnings,
      run_dir: runFolder(layout, run.runId)
    })
    for (const result of kept) yield* emit({ _tag: "TaskFinished", task_id: result.task_id, result })
  }
)

/** The run's result, put on record and told, however it ended. */
const conclude = Effect.fnUntraced(function*(
  context: RunContext,
  finished: ReadonlyMap<string, TaskResult>,
  startedAt: number,
  exit: Exit.Exit<unknown, unknown>
) {
  const { layout, run } = context.ready
  const store = yield* RunStore
  const cancelled = Exit.isFailure(exit) && Cause.isInterrupted(exit.cause)
  const never: TaskError | null = Exit.isSuccess(exit)
    ? null
    : { kind: cancelled ? "cancelled" : "internal", message: "The run ended before this task was started." }
  const result: RunResult = {
    run_id: run.runId,
    status: cancelled ? "cancelled" : "completed",
    base_commit: run.baseCommit,
    total_duration_ms: (yield* Clock.currentTimeMillis) - startedAt,
    results: run.tasks.map((task) => finished.get(task.taskId) ?? skipped(context, task, never))
  }
  yield* Effect.annotateCurrentSpan(attributesOfRun(result))
  yield* store.recordRun(layout, result).pipe(
    // Without a record its end would not show as long as this process lives.
    Effect.catchAll((error) => Effect.zipRight(Effect.logError(error.message), store.disown(layout, run.runId)))
  )
  yield* context.emit({ _tag: "RunFinished", result })
  return result
})

/** Tasks don't fail: what does came before the first of them, and the run as a whole is refused. */
const isRefusal = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Option.isSome(Cause.failureOption(exit.cause))

/** Nothing was started: the run's name is free again. */
const freeName = ({ layout, run }: Ready) =>
  Effect.flatMap(
    Trash,
    (trash) => Effect.zipRight(trash.discard(runFolder(layout, run.runId), layout.trash), trash.settle)
  )

/** A dry run's one worktree: registered, left empty, removed. */
const rehearse = Effect.fn("dryRun")(function*(ready: Ready) {
  const [task] = ready.run.tasks
  if (task === undefined) return
  const worktrees = yield* Worktrees
  const { base, excludes, layout, repository } = ready
  const places = worktreePlaces(layout, task.runId, task.taskId)
  yield* Effect.scoped(worktrees.acquire({ task, repository, base, places, excludes, checkout: false }))
})
