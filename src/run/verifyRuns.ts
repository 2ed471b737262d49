/** The signed records of runs, held against what lies on disk. */
import * as Effect from "effect/Effect"
import { RunRejected } from "../domain/Problem.ts"
import { RunStore } from "../store/RunStore.ts"
import { findRunId, knownRuns } from "./findRun.ts"
import { locate } from "./startRun.ts"

/** Whether a run's records hold. */
export interface RunVerdict {
  readonly run_id: string
  /** Nothing where the records hold. */
  readonly problems: ReadonlyArray<string>
}

/** One run, or every run of the repository. */
export const verifyRuns = Effect.fn("verifyRuns")(
  function*(name: string | undefined) {
    const { layout } = yield* locate()
    const store = yield* RunStore
    const wanted = name === undefined ? knownRuns(layout) : [yield* findRunId(layout, name)]
    return yield* Effect.forEach(
      wanted,
      (run_id) => Effect.map(store.verify(layout, run_id), (problems): RunVerdict => ({ run_id, problems }))
    )
  },
  Effect.catchTag(
    "StoreFailed",
    (error) => new RunRejected({ problems: [{ area: "environment", at: "state_dir", message: error.message }] })
  )
)
