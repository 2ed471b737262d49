/** A run: its tasks through the pipeline, so many at a time, in the order of the request. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as os from "node:os"
import { makeRedactor, secretsOf } from "../audit/redaction.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { RunResult, TaskError, TaskResult } from "../domain/Result.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { isSecretName } from "../policy/environment.ts"
import { Host } from "../process/Host.ts"
import { availableMemoryShare } from "../process/memory.ts"
import { RunStore } from "../store/RunStore.ts"
import { codexHomeOf, runFolder, worktreePlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { Worktrees } from "../worktree/Worktrees.ts"
import { withPinnedBase } from "./pinnedBase.ts"
import type { Ready } from "./preflight.ts"
import { skipped } from "./report.ts"
import { prune } from "./retention.ts"
import type { RunContext } from "./RunContext.ts"
import { runTask } from "./runTask.ts"

/** Under the conservative policy a task waits until this share of memory is free, unless none is running. */
export const minimumFreeMemory = 0.1

/** Under the conservative policy children give way to everything else. */
export const conservativeNiceness = 10

export const runTasks = Effect.fn("runTasks")(function*(ready: Ready, watch: (event: RunEvent) => Effect.Effect<void>) {
  const { layout, run } = ready
  const store = yield* RunStore
  const startedAt = yield* Clock.currentTimeMillis
  yield* store.create(layout, run, new Date(startedAt))
  const results = yield* Ref.make<ReadonlyMap<string, TaskResult>>(new Map())
  const context = yield* makeContext(ready, watch, results)

  const conclude = Effect.fnUntraced(function*(exit: Exit.Exit<unknown, unknown>) {
    const finished = yield* Ref.get(results)
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
    yield* Effect.catchAll(store.recordRun(layout, result), (error) => Effect.logError(error.message))
    yield* context.emit({ _tag: "RunFinished", result })
    return result
  })

  const concurrency = run.resourcePolicy === "conservative"
    ? Math.min(run.concurrency, Math.max(1, os.availableParallelism()))
    : run.concurrency
  yield* context.emit({
    _tag: "RunStarted",
    run_id: run.runId,
    base_commit: run.baseCommit,
    concurrency,
    tasks: run.tasks.map((task) => task.taskId),
    warnings: ready.warnings,
    run_dir: runFolder(layout, run.runId)
  })
  const running = yield* Ref.make(0)
  const work = run.dryRun
    ? rehearse(ready)
    : Effect.forEach(run.tasks, (task) =>
      Effect.zipRight(
        run.resourcePolicy === "conservative" ? enoughMemory(running) : Effect.void,
        Effect.acquireUseRelease(
          Ref.update(running, (count) => count + 1),
          () => runTask(context, task),
          () => Ref.update(running, (count) => count - 1)
        )
      ), { concurrency, discard: true })
  // The result is made in the exit as well, so that an interrupted run has its record.
  const outcome = yield* Ref.make(Option.none<RunResult>())
  yield* work.pipe(
    withPinnedBase(ready),
    Effect.onExit((exit) =>
      Effect.gen(function*() {
        yield* tidyUp(ready)
        if (isRefusal(exit)) yield* forgetRun(ready)
        else yield* Ref.set(outcome, Option.some(yield* conclude(exit)))
      })
    )
  )
  yield* prune(ready)
  return yield* Effect.flatten(Ref.get(outcome)).pipe(Effect.orDie)
})

/** Tasks don't fail: what does came before the first of them, and the run as a whole is refused. */
const isRefusal = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Option.isSome(Cause.failureOption(exit.cause))

/** Nothing was started: the run's name is free again. */
const forgetRun = ({ layout, run }: Ready) =>
  Effect.flatMap(
    Trash,
    (trash) => Effect.zipRight(trash.discard(runFolder(layout, run.runId), layout.trash), trash.settle)
  )

const makeContext = Effect.fnUntraced(function*(
  ready: Ready,
  watch: (event: RunEvent) => Effect.Effect<void>,
  results: Ref.Ref<ReadonlyMap<string, TaskResult>>
) {
  const config = yield* RunnerConfig
  const store = yield* RunStore
  const { env } = yield* Host
  const redactor = makeRedactor(secretsOf(env))
  const { layout, run } = ready
  const emit = (event: RunEvent) =>
    store.append(layout, run.runId, event).pipe(
      Effect.catchAll((error) => Effect.logWarning(error.message)),
      Effect.zipRight(Effect.suspend(() => watch(event))),
      // A reader's bug is no task's.
      Effect.catchAllCause((cause) => Effect.logWarning("a reader of the run's events failed", cause))
    )
  const finish = Effect.fnUntraced(function*(task: AdmittedTask, result: TaskResult) {
    const final = yield* store.recordTask(layout, run.runId, result).pipe(
      Effect.as(result),
      Effect.catchAll((error): Effect.Effect<TaskResult> =>
        Effect.succeed({ ...result, status: "failed", error: { kind: "disk", message: error.message } })
      )
    )
    yield* Ref.update(results, (all) => new Map(all).set(task.taskId, final))
    yield* emit({ _tag: "TaskFinished", task_id: task.taskId, result: final })
  })
  const context: RunContext = {
    ready,
    setup: {
      copy: config.setup?.copy ?? [],
      commands: config.setup?.commands ?? [],
      env: {
        ...Object.fromEntries(
          Object.entries(env).flatMap(([name, value]) =>
            value === undefined || isSecretName(name) ? [] : [[name, value]]
          )
        ),
        ...config.command_env
      }
    },
    niceness: run.resourcePolicy === "conservative" ? conservativeNiceness : undefined,
    redact: (text) => redactor.text(text),
    emit,
    finish
  }
  return context
})

const enoughMemory = (running: Ref.Ref<number>): Effect.Effect<void> =>
  Effect.flatMap(Ref.get(running), (count) =>
    count === 0 || availableMemoryShare() >= minimumFreeMemory
      ? Effect.void
      : Effect.zipRight(Effect.sleep("1 second"), Effect.suspend(() => enoughMemory(running))))

/** A dry run's one worktree: registered, left empty, removed. */
const rehearse = Effect.fn("dryRun")(function*(ready: Ready) {
  const [task] = ready.run.tasks
  if (task === undefined) return
  const worktrees = yield* Worktrees
  const { base, excludes, layout, repository } = ready
  const places = worktreePlaces(layout, task.runId, task.taskId)
  yield* Effect.scoped(worktrees.acquire({ task, repository, base, places, excludes, checkout: false }))
})

const tidyUp = Effect.fnUntraced(function*({ layout, run }: Ready) {
  const trash = yield* Trash
  const worktrees = yield* Worktrees
  const config = yield* RunnerConfig
  const { gitDir, scratch, worktree } = worktreePlaces(layout, run.runId, "any")
  const parent = (folder: string) => folder.slice(0, folder.lastIndexOf("/"))
  yield* trash.discard(parent(scratch), layout.trash)
  yield* trash.discard(parent(gitDir), layout.trash)
  // Where sessions are kept, a thread can be resumed from this home.
  if (config.codex_ephemeral) yield* trash.discard(codexHomeOf(layout, run.runId), layout.trash)
  yield* worktrees.settle
  yield* trash.removeEmpty(parent(worktree))
})
