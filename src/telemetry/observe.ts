/** Metrics and log lines of a run, drawn from what happens in it like everything else. */
import * as Effect from "effect/Effect"
import type { Watch } from "../domain/RunEvent.ts"
import { logEvent } from "./eventLog.ts"
import { makeMeter } from "./metrics.ts"

/** One for each run. */
export const makeObserver = (): Watch => {
  const meter = makeMeter()
  const begun = new Set<string>()
  return (event) => {
    if (event._tag === "TaskStageEntered") begun.add(event.task_id)
    // What an earlier attempt at the run had finished is no news.
    if (event._tag === "TaskFinished" && !begun.has(event.task_id)) return Effect.void
    return Effect.zipRight(meter(event), logEvent(event))
  }
}
