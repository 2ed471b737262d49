/** Patches of a run's tasks, as they may leave the state folder: masked, and otherwise to the byte. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createReadStream, existsSync } from "node:fs"
import { redactBytes } from "../audit/redactBytes.ts"
import { secretsOf } from "../audit/redaction.ts"
import { RunRejected } from "../domain/Problem.ts"
import { reasonOf } from "../domain/reasonOf.ts"
import type { TaskId } from "../domain/Task.ts"
import { Host } from "../process/Host.ts"
import { taskFolder } from "../store/stateFolder.ts"
import { findRun, findTaskId, taskIdsOf } from "./findRun.ts"
import { asRejection, rejected } from "./rejection.ts"
import { locate } from "./startRun.ts"

/** A task's patch. */
export interface TaskPatch {
  readonly taskId: TaskId
  /** Where the exact one lies; null: there is none, or none yet. */
  readonly path: string | null
  /** With secrets masked; nothing where there is none. */
  readonly masked: Stream.Stream<Uint8Array, RunRejected>
}

/** Of one task, or of every one in the order of the request. */
export const taskPatches = Effect.fn("taskPatches")(function*(runName: string, taskName?: string) {
  const { layout } = yield* locate()
  const run = yield* findRun(layout, runName)
  const tasks = taskName === undefined ? taskIdsOf(run) : [yield* findTaskId(run, taskName)]
  const { env } = yield* Host
  return tasks.map((taskId): TaskPatch => {
    const path = `${taskFolder(layout, run.record.run_id, taskId)}/patch.diff`
    return existsSync(path)
      ? { taskId, path, masked: readFile(path).pipe(redactBytes(secretsOf(env))) }
      : { taskId, path: null, masked: Stream.empty }
  })
}, Effect.mapError(asRejection))

const readFile = (path: string): Stream.Stream<Uint8Array, RunRejected> =>
  Stream.suspend(() =>
    Stream.fromAsyncIterable(
      createReadStream(path),
      (cause) => rejected("state_dir", `${path} can't be read: ${reasonOf(cause)}.`)
    )
  ).pipe(Stream.filter((chunk): chunk is Buffer => Buffer.isBuffer(chunk)))
