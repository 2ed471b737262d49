/** A run's signed records, held against what lies on disk. */
import * as Effect from "effect/Effect"
import type { RunId } from "../domain/Task.ts"
import { StoreFailed } from "./durable.ts"
import { hasResult } from "./marks.ts"
import { recordedFiles, tasksWithResult } from "./readRun.ts"
import { verifyRecords } from "./records.ts"
import { signingKey } from "./signingKey.ts"
import { type Layout, runFolder } from "./stateFolder.ts"

/** What is wrong with them and the files that they speak of; nothing where they hold. */
export const verifyStored = Effect.fn("RunStore.verify")(function*(layout: Layout, runId: RunId) {
  const folder = runFolder(layout, runId)
  const key = yield* signingKey(layout.state)
  return yield* Effect.try({
    try: () =>
      verifyRecords(folder, key, {
        filesOf: (record) => recordedFiles(layout, runId, record),
        tasks: tasksWithResult(folder),
        ended: hasResult(folder)
      }),
    catch: (cause) => new StoreFailed({ path: folder, reason: String(cause) })
  })
})
