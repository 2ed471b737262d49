/** The signed records of runs, held against what lies on disk. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { existsSync, readdirSync } from "node:fs"
import { RunRejected } from "../domain/Problem.ts"
import { RunId } from "../domain/Task.ts"
import { RunStore } from "../store/RunStore.ts"
import { locate } from "./startRun.ts"

export interface RunVerdict {
  readonly run_id: string
  /** Nothing where the records hold. */
  readonly problems: ReadonlyArray<string>
}

const decodeRunId = Schema.decodeUnknownOption(RunId)

const runIdsIn = (folder: string): ReadonlyArray<RunId> =>
  existsSync(folder)
    ? readdirSync(folder).sort().flatMap((name) => Option.toArray(decodeRunId(name.replaceAll("%2E", "."))))
    : []

/** One run, or every run of the repository. */
export const verifyRuns = Effect.fn("verifyRuns")(
  function*(runId: string | undefined) {
    const { layout } = yield* locate()
    const store = yield* RunStore
    // By their folders, not by what the runs say of themselves: that may be what was changed.
    const all = runIdsIn(layout.runs)
    const wanted = runId === undefined ? all : all.filter((id) => id === runId)
    if (runId !== undefined && wanted.length === 0) {
      const known = all.slice(-5).join(", ")
      return yield* new RunRejected({
        problems: [{
          area: "request",
          at: "run",
          message: `no run "${runId}".`,
          remedy: known === "" ? "There are no runs yet." : `The latest are: ${known}.`
        }]
      })
    }
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
