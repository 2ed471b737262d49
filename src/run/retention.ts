/** Old runs make way: those beyond `max_runs_retained`, oldest first, with their refs; never the one that has just ended. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { RunSummary } from "../domain/RunState.ts"
import { RepoLock } from "../git/RepoLock.ts"
import { runIdsIn } from "../store/readRun.ts"
import { RunStore } from "../store/RunStore.ts"
import { Trash } from "../worktree/Trash.ts"
import { forgetRun } from "./forgetRun.ts"
import type { Ready } from "./preflight.ts"
import { sweepLock } from "./sweep.ts"

const isFinished = ({ status }: RunSummary): boolean => status === "completed" || status === "cancelled"

/** A worktree that was kept holds what no ref does. */
const canGo = (run: RunSummary): boolean => isFinished(run) && run.kept_worktrees.length === 0

export const prune = Effect.fn("RunStore.prune")(
  function*({ layout, repository, run }: Ready) {
    const { max_runs_retained } = yield* RunnerConfig
    const locks = yield* RepoLock
    const store = yield* RunStore
    // What each run came to is read where there are too many of them: long journals take a while.
    const runs = (yield* runIdsIn(layout)).length <= max_runs_retained ? [] : yield* store.list(layout)
    const finished = runs.filter(isFinished)
    const old = finished.slice(0, -max_runs_retained).filter((one) => one.run_id !== run.runId && canGo(one))
    for (const { run_id } of old) {
      // By now it may be resumed, or gone.
      const forget = Effect.flatMap(
        store.summary(layout, run_id),
        (now) => Option.exists(now, canGo) ? forgetRun(repository, layout, run_id) : Effect.void
      )
      yield* locks.withLock(sweepLock(layout))(forget)
    }
    yield* Effect.flatMap(Trash, (trash) => trash.settle)
  },
  Effect.catchAllCause((cause) => Effect.logWarning("could not delete old runs", cause))
)
