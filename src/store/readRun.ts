/** A run read from its folder: its record, and the results that are final. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { existsSync, readFileSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { KeepWorktrees } from "../config/RunnerConfigFile.ts"
import { RunResult, TaskResult } from "../domain/Result.ts"
import { idOfName, RunId, RunRequest } from "../domain/Task.ts"
import { namesIn } from "../process/namesIn.ts"
import { resultIn } from "./marks.ts"
import { ownerIsAlive } from "./owner.ts"
import type { Record as SignedRecord, RecordedFiles } from "./records.ts"
import { type Layout, runFolder, taskFolder } from "./stateFolder.ts"

/** What of the configuration counts for what a run leaves behind, whoever clears it away. */
export const RunSettings = Schema.Struct({
  keep_worktrees: KeepWorktrees,
  disposable_paths: Schema.Array(Schema.String),
  codex_ephemeral: Schema.Boolean
})
export type RunSettings = typeof RunSettings.Type

/** What identifies a run on disk. */
export const RunRecord = Schema.Struct({
  run_id: RunId,
  base_commit: Schema.String,
  /** ISO 8601. */
  created_at: Schema.String,
  request: RunRequest,
  settings: Schema.optionalWith(RunSettings, { exact: true })
})
export type RunRecord = typeof RunRecord.Type

export const recordIn = (runFolder: string): string => `${runFolder}/run.json`

const decodeRunId = Schema.decodeUnknownOption(RunId)

/** A run's id by the name of its folder. */
const runIdOf = (name: string): Option.Option<RunId> => decodeRunId(idOfName(name))

/** The runs that a repository has, in no order. */
export const runIdsIn = (layout: Layout): Effect.Effect<ReadonlyArray<RunId>> =>
  Effect.tryPromise(() => readdir(layout.runs)).pipe(
    Effect.map((names) => names.flatMap((name) => Option.toArray(runIdOf(name)))),
    Effect.orElseSucceed(() => [])
  )

/** None where the file is missing or was left half-made by a crash. */
const readJson = <A, I>(path: string, schema: Schema.Schema<A, I>) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.map((text) => Either.getRight(Schema.decodeUnknownEither(Schema.parseJson(schema))(text))),
    Effect.orElseSucceed(() => Option.none<A>())
  )

export const readRecord = (layout: Layout, runId: RunId) => readJson(recordIn(runFolder(layout, runId)), RunRecord)

/** The final result, or one put together from the tasks that have a final record. */
export const readResult = Effect.fn("RunStore.readResult")(function*(layout: Layout, record: RunRecord) {
  const folder = runFolder(layout, record.run_id)
  const final = yield* readJson(resultIn(folder), RunResult)
  if (Option.isSome(final)) return final.value
  const finished = yield* Effect.forEach(
    record.request.tasks,
    (task) => readJson(resultIn(taskFolder(layout, record.run_id, task.task_id)), TaskResult),
    { concurrency: 4 }
  )
  return {
    run_id: record.run_id,
    status: ownerIsAlive(folder) ? "running" : "interrupted",
    base_commit: record.base_commit,
    total_duration_ms: 0,
    results: finished.flatMap(Option.toArray)
  } satisfies RunResult
})

/** Tasks that have a final result, by their folders' names. */
export const tasksWithResult = (folder: string): ReadonlyArray<string> =>
  namesIn(`${folder}/tasks`)
    .filter((name) => existsSync(resultIn(`${folder}/tasks/${name}`))).map(idOfName)

const bytesOf = (file: string): Uint8Array | null => existsSync(file) ? readFileSync(file) : null

/** The files that a signed record speaks of, as they are now. */
export const recordedFiles = (layout: Layout, runId: RunId, record: SignedRecord): RecordedFiles => {
  const run = runFolder(layout, runId)
  switch (record.kind) {
    case "run":
      return { result: bytesOf(recordIn(run)), patch: null }
    case "end":
      return { result: bytesOf(resultIn(run)), patch: null }
    case "resume":
      return { result: null, patch: null }
    case "task":
    case "apply": {
      const task = taskFolder(layout, runId, record.task_id ?? "")
      return { result: bytesOf(resultIn(task)), patch: bytesOf(`${task}/patch.diff`) }
    }
  }
}
