/** Runs on disk: the request, its owner, the journal, each task's record. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { appendFile, readdir } from "node:fs/promises"
import * as path from "node:path"
import { RunResult, TaskResult } from "../domain/Result.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import { type AdmittedRun, RunId, RunRequest } from "../domain/Task.ts"
import { StoreFailed, writeDurably } from "./durable.ts"
import { isAlive, readOwner, thisProcess } from "./owner.ts"
import {
  appendRecord,
  type NewRecord,
  type Record as SignedRecord,
  type RecordedFiles,
  sha256Of,
  verifyRecords
} from "./records.ts"
import { signingKey } from "./signingKey.ts"
import { type Layout, runFolder, taskFolder } from "./stateFolder.ts"

/** What identifies a run on disk. */
export const RunRecord = Schema.Struct({
  run_id: RunId,
  base_commit: Schema.String,
  /** ISO 8601. */
  created_at: Schema.String,
  request: RunRequest
})
export type RunRecord = typeof RunRecord.Type

export interface StoredRun {
  readonly record: RunRecord
  readonly folder: string
  /** Final, or put together from the tasks that have a final record. */
  readonly result: RunResult
}

export class RunExists extends Schema.TaggedError<RunExists>()("RunExists", { run_id: RunId }) {
  override get message(): string {
    return `run "${this.run_id}" exists already, with another request. Choose another run_id.`
  }
}

export class RunStore extends Context.Tag("codex-runner/RunStore")<
  RunStore,
  {
    /** Makes the run's folder, owned by this process. Fails where the id is taken. */
    readonly create: (layout: Layout, run: AdmittedRun, createdAt: Date) => Effect.Effect<void, StoreFailed | RunExists>
    readonly find: (layout: Layout, runId: RunId) => Effect.Effect<Option.Option<StoredRun>, StoreFailed>
    /** Every run of a repository, oldest first. */
    readonly list: (layout: Layout) => Effect.Effect<ReadonlyArray<StoredRun>, StoreFailed>
    /** Appends to the run's journal. What a task's Codex said is left to its own log. */
    readonly append: (layout: Layout, runId: RunId, event: RunEvent) => Effect.Effect<void, StoreFailed>
    /** Keeps a task's final record; a result counts as final once this is done. */
    readonly recordTask: (layout: Layout, runId: RunId, result: TaskResult) => Effect.Effect<void, StoreFailed>
    readonly recordRun: (layout: Layout, result: RunResult) => Effect.Effect<void, StoreFailed>
    /** What is wrong with a run's signed records and the files they speak of; nothing where they hold. */
    readonly verify: (layout: Layout, runId: RunId) => Effect.Effect<ReadonlyArray<string>, StoreFailed>
  }
>() {
  static readonly layer = Layer.effect(
    RunStore,
    Effect.map(FileSystem.FileSystem, (fs) => {
      const durably = (path: string, content: string) =>
        writeDurably(path, content).pipe(Effect.provideService(FileSystem.FileSystem, fs))
      const failed = (path: string) => (error: { readonly message: string }) =>
        new StoreFailed({ path, reason: error.message })

      /** Records of one process come one after the other, however many tasks end at once. */
      const writing = Effect.unsafeMakeSemaphore(1)
      const keepRecord = (layout: Layout, runId: RunId, record: Partial<NewRecord> & Pick<NewRecord, "kind">) =>
        Effect.flatMap(signingKey(path.dirname(layout.root)), (key) =>
          appendRecord(runFolder(layout, runId), key, {
            run_id: runId,
            task_id: null,
            status: null,
            result_sha256: null,
            patch_sha256: null,
            ...record
          })).pipe(writing.withPermits(1))

      const find = Effect.fn("RunStore.find")(function*(layout: Layout, runId: RunId) {
        const folder = runFolder(layout, runId)
        const record = yield* readJson(fs, `${folder}/run.json`, RunRecord)
        if (Option.isNone(record)) return Option.none()
        const final = yield* readJson(fs, `${folder}/result.json`, RunResult)
        const result = yield* Option.match(final, {
          onSome: Effect.succeed,
          onNone: () => unfinished(fs, layout, record.value)
        })
        return Option.some({ record: record.value, folder, result })
      })

      const create = Effect.fn("RunStore.create")(function*(layout: Layout, run: AdmittedRun, createdAt: Date) {
        const folder = runFolder(layout, run.runId)
        yield* fs.makeDirectory(layout.runs, { recursive: true, mode: 0o700 }).pipe(Effect.mapError(failed(folder)))
        yield* fs.makeDirectory(folder, { mode: 0o700 }).pipe(
          Effect.mapError((error) =>
            error._tag === "SystemError" && error.reason === "AlreadyExists"
              ? new RunExists({ run_id: run.runId })
              : failed(folder)(error)
          )
        )
        yield* durably(`${folder}/owner.json`, JSON.stringify(yield* thisProcess))
        const record: RunRecord = {
          run_id: run.runId,
          base_commit: run.baseCommit,
          created_at: createdAt.toISOString(),
          request: run.request
        }
        const text = JSON.stringify(record, null, 2)
        yield* durably(`${folder}/run.json`, text)
        yield* keepRecord(layout, run.runId, { kind: "run", result_sha256: sha256Of(text) })
        yield* Effect.forEach(
          run.tasks,
          (task) => fs.makeDirectory(taskFolder(layout, run.runId, task.taskId), { recursive: true, mode: 0o700 }),
          {
            discard: true
          }
        ).pipe(Effect.mapError(failed(folder)))
      })

      const list = Effect.fn("RunStore.list")(function*(layout: Layout) {
        const names = yield* Effect.tryPromise(() => readdir(layout.runs)).pipe(Effect.orElseSucceed(() => []))
        const ids = names.flatMap((name) => Option.toArray(decodeRunId(name.replaceAll("%2E", "."))))
        const runs = yield* Effect.forEach(ids, (id) => find(layout, id), { concurrency: 4 })
        return runs.flatMap(Option.toArray).sort((a, b) => a.record.created_at.localeCompare(b.record.created_at))
      })

      return RunStore.of({
        create,
        find,
        list,
        append: (layout, runId, event) => {
          const path = `${runFolder(layout, runId)}/journal.jsonl`
          const entry = journalEntry(event)
          return entry === undefined ? Effect.void : Effect.tryPromise({
            try: () =>
              appendFile(path, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`, { mode: 0o600 }),
            catch: (cause) => new StoreFailed({ path, reason: String(cause) })
          })
        },
        recordTask: (layout, runId, result) => {
          const text = JSON.stringify(result, null, 2)
          return Effect.zipRight(
            durably(`${taskFolder(layout, runId, result.task_id)}/result.json`, text),
            keepRecord(layout, runId, {
              kind: "task",
              task_id: result.task_id,
              status: result.status,
              result_sha256: sha256Of(text),
              patch_sha256: result.patch_sha256
            })
          )
        },
        recordRun: (layout, result) => {
          const text = JSON.stringify(result, null, 2)
          return Effect.zipRight(
            durably(`${runFolder(layout, result.run_id)}/result.json`, text),
            keepRecord(layout, result.run_id, { kind: "end", status: result.status, result_sha256: sha256Of(text) })
          )
        },
        verify: Effect.fn("RunStore.verify")(function*(layout: Layout, runId: RunId) {
          const folder = runFolder(layout, runId)
          const key = yield* signingKey(path.dirname(layout.root))
          return yield* Effect.try({
            try: () =>
              verifyRecords(folder, key, {
                filesOf: (record) => recordedFiles(layout, runId, record),
                tasks: taskIdsWithResult(folder),
                ended: existsSync(`${folder}/result.json`)
              }),
            catch: (cause) => new StoreFailed({ path: folder, reason: String(cause) })
          })
        })
      })
    })
  )
}

/** The journal tells what happened when; results and Codex's events have files of their own. */
const journalEntry = (event: RunEvent): object | undefined => {
  switch (event._tag) {
    case "TaskCodexEvent":
      return undefined
    case "TaskFinished":
      return { _tag: event._tag, task_id: event.task_id, status: event.result.status, error: event.result.error }
    case "RunFinished":
      return { _tag: event._tag, status: event.result.status, total_duration_ms: event.result.total_duration_ms }
    default:
      return event
  }
}

/** By their folders' names, as in `safeName`. */
const taskIdsWithResult = (folder: string): ReadonlyArray<string> =>
  (existsSync(`${folder}/tasks`) ? readdirSync(`${folder}/tasks`) : [])
    .filter((name) => existsSync(`${folder}/tasks/${name}/result.json`)).map((name) => name.replaceAll("%2E", "."))

const bytesOf = (file: string): Uint8Array | null => existsSync(file) ? readFileSync(file) : null

const recordedFiles = (layout: Layout, runId: RunId, record: SignedRecord): RecordedFiles => {
  const run = runFolder(layout, runId)
  switch (record.kind) {
    case "run":
      return { result: bytesOf(`${run}/run.json`), patch: null }
    case "end":
      return { result: bytesOf(`${run}/result.json`), patch: null }
    case "task":
    case "apply": {
      const task = taskFolder(layout, runId, record.task_id ?? "")
      return { result: bytesOf(`${task}/result.json`), patch: bytesOf(`${task}/patch.diff`) }
    }
  }
}

const decodeRunId = Schema.decodeUnknownOption(RunId)

/** None where the file is missing or was left half-made by a crash. */
const readJson = <A, I>(fs: FileSystem.FileSystem, path: string, schema: Schema.Schema<A, I>) =>
  fs.readFileString(path).pipe(
    Effect.map((text) => Either.getRight(Schema.decodeUnknownEither(Schema.parseJson(schema))(text))),
    Effect.orElseSucceed(() => Option.none<A>())
  )

const unfinished = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, layout: Layout, record: RunRecord) {
  const owner = readOwner(`${runFolder(layout, record.run_id)}/owner.json`)
  const finished = yield* Effect.forEach(
    record.request.tasks,
    (task) => readJson(fs, `${taskFolder(layout, record.run_id, task.task_id)}/result.json`, TaskResult)
  )
  const result: RunResult = {
    run_id: record.run_id,
    status: Option.exists(owner, isAlive) ? "running" : "interrupted",
    base_commit: record.base_commit,
    total_duration_ms: 0,
    results: finished.flatMap(Option.toArray)
  }
  return result
})
