/** Runs as their folders tell, whoever is at them: listed, looked at, waited for, ended. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { RunState, RunSummary } from "../domain/RunState.ts"
import type { RunId } from "../domain/Task.ts"
import { RunStore } from "../store/RunStore.ts"
import type { Layout } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import { findRun, findRunId } from "./findRun.ts"
import { asRejection, rejectedRequest } from "./rejection.ts"
import { locate } from "./startRun.ts"
import { sweep } from "./sweep.ts"

/** Every run of the repository, oldest first. What dead runners left behind is cleared away before. */
export const listRuns = Effect.fn("Runs.list")(function*() {
  const { layout, repository } = yield* locate()
  yield* sweep(repository, layout)
  yield* Effect.flatMap(Trash, (trash) => trash.settle)
  const store = yield* RunStore
  return yield* store.list(layout)
}, Effect.mapError(asRejection))

const summaryOf = Effect.fnUntraced(function*(layout: Layout, runId: RunId) {
  const store = yield* RunStore
  const summary = yield* store.summary(layout, runId)
  return yield* Option.match(summary, {
    onNone: () => rejectedRequest("run", `run "${runId}" is gone.`),
    onSome: (found) => Effect.succeed(found)
  })
})

const glanceAt = (layout: Layout, runId: RunId) => Effect.flatMap(RunStore, (store) => store.glance(layout, runId))

const stateOf = Effect.fnUntraced(function*(layout: Layout, name: string) {
  const { record, result } = yield* findRun(layout, name)
  const summary = yield* summaryOf(layout, record.run_id)
  return { summary, result } satisfies RunState
})

/** One run as it stands, by a name that {@link findRun} takes. */
export const runState = Effect.fn("Runs.find")(function*(name: string) {
  const { layout } = yield* locate()
  return yield* stateOf(layout, name)
}, Effect.mapError(asRejection))

/** How often a run of another process is looked at. */
const pollEvery = Duration.millis(200)

/** The run again whenever something about it has changed, first as it is now; ends once it is over. */
export const watchRun = (name: string) =>
  Stream.unwrap(Effect.gen(function*() {
    const { layout } = yield* locate()
    const runId = yield* findRunId(layout, name)
    return Stream.repeatEffectWithSchedule(glanceAt(layout, runId), Schedule.spaced(pollEvery)).pipe(
      Stream.changesWith((one, other) => one.isAtWork === other.isAtWork && one.journalBytes === other.journalBytes),
      Stream.mapEffect(() => summaryOf(layout, runId)),
      Stream.changesWith(isSame),
      Stream.takeUntil(({ status }) => status !== "running")
    )
  })).pipe(Stream.mapError(asRejection))

const isSame = (one: RunSummary, other: RunSummary): boolean =>
  one.status === other.status && one.tasks.every(({ state }, index) => state === other.tasks[index]?.state)

/** The run once it is over, or as it stands when the time is. */
export const awaitRun = Effect.fn("Runs.wait")(function*(name: string, limit: Duration.DurationInput) {
  const { layout } = yield* locate()
  const runId = yield* findRunId(layout, name)
  yield* untilOver(layout, runId, limit)
  return yield* stateOf(layout, runId)
}, Effect.mapError(asRejection))

const untilOver = Effect.fnUntraced(function*(layout: Layout, runId: RunId, limit: Duration.DurationInput) {
  const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(limit)
  yield* summaryOf(layout, runId)
  while ((yield* glanceAt(layout, runId)).isAtWork && (yield* Clock.currentTimeMillis) < until) {
    yield* Effect.sleep(pollEvery)
  }
})

/** A graceful end takes Codex's grace, and the capture of what was done. */
const cancelPatience = Duration.minutes(1)

/** Ends a run, whoever is at it, and waits for that up to a limit. One that is over stays as it is. */
export const cancelRun = Effect.fn("Runs.cancel")(function*(name: string) {
  const { layout } = yield* locate()
  const runId = yield* findRunId(layout, name)
  const store = yield* RunStore
  if ((yield* summaryOf(layout, runId)).status === "running") {
    yield* store.askToCancel(layout, runId)
    yield* untilOver(layout, runId, cancelPatience)
  }
  return yield* stateOf(layout, runId)
}, Effect.mapError(asRejection))
