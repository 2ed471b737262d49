/** When a task of a run may start: its share of the machine, told apart by the run's resource policy. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as os from "node:os"
import * as path from "node:path"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { AdmittedRun } from "../domain/Task.ts"
import { availableMemoryShare } from "../process/memory.ts"
import { Slots } from "../process/Slots.ts"
import type { Layout } from "../store/stateFolder.ts"

/** Under the conservative policy a task waits until this share of memory is free, unless none of its run is running. */
const minimumFreeMemory = 0.1

const cores = (): number => Math.max(1, os.availableParallelism())

/** Tasks of this run at a time. */
export const concurrencyOf = (run: AdmittedRun): number =>
  run.resourcePolicy === "conservative" ? Math.min(run.concurrency, cores()) : run.concurrency

/**
 * Conservative: at most as many tasks as cores over all of the user's runners
 * on this machine, and only while memory is free. Normal: at most the
 * configured `limits.concurrency` over all runners of the repository.
 */
export const makeTurns = Effect.fnUntraced(function*(layout: Layout, run: AdmittedRun) {
  const slots = yield* Slots
  const { limits } = yield* RunnerConfig
  const running = yield* Ref.make(0)
  const isConservative = run.resourcePolicy === "conservative"
  const rules = isConservative
    ? { folder: path.join(layout.state, "slots"), count: cores() }
    : { folder: path.join(layout.root, "slots"), count: limits.concurrency }
  const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Ref.update(running, (count) => count + 1),
      () => effect,
      () => Ref.update(running, (count) => count - 1)
    )
  return <A, R>(task: Effect.Effect<A, never, R>): Effect.Effect<A, never, R> => {
    const start = Effect.zipRight(isConservative ? enoughMemory(running) : Effect.void, counted(task))
    return slots.withSlot(rules)(start).pipe(
      // Better too many at a time than none.
      Effect.catchTag("LockFailed", (error) => Effect.zipRight(Effect.logWarning(error.message), start))
    )
  }
})

const enoughMemory = (running: Ref.Ref<number>): Effect.Effect<void> =>
  Effect.flatMap(Ref.get(running), (count) =>
    count === 0 || availableMemoryShare() >= minimumFreeMemory
      ? Effect.void
      : Effect.zipRight(Effect.sleep("1 second"), Effect.suspend(() => enoughMemory(running))))
