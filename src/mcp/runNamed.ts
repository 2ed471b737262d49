/** Runs by their whole names. */
import * as Effect from "effect/Effect"
import { quoted } from "../domain/quoted.ts"
import { refuse } from "./call.ts"
import type { Opened } from "./Repositories.ts"

/**
 * To look at a run the start of its name will do, or `last`. But agents make up
 * names: one that isn't there yet must not end the only run that begins so, and
 * an address must not open a run of another repository that does.
 */
export const runNamed = ({ runs }: Opened, runId: string) =>
  Effect.filterOrFail(
    runs.find(runId),
    ({ summary }) => summary.run_id === runId,
    ({ summary }) => refuse("run_id", `no run ${quoted(runId)}.`, `Did you mean ${summary.run_id}?`)
  )
