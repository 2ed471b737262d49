/** Runs on disk: the request, its owner, the journal, each task's record. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { AppliedPatch } from "../domain/Apply.ts"
import type { RunResult, TaskResult } from "../domain/Result.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import type { RunSummary } from "../domain/RunState.ts"
import type { AdmittedRun, RunId, TaskId } from "../domain/Task.ts"
import { StoreFailed, writeDurably } from "./durable.ts"
import { attend, makeHeartbeats } from "./heartbeat.ts"
import { appendToJournal, mendJournal } from "./journal.ts"
import { cancelMark, hasResult, resultIn, sweptMark } from "./marks.ts"
import { ownerFile, ownerIsAlive, thisProcess } from "./owner.ts"
import { readRecord, readResult, recordIn, runIdsIn, type RunRecord, type RunSettings } from "./readRun.ts"
import { appendRecord, type NewRecord, sha256Of } from "./records.ts"
import { RunBusy, RunExists } from "./runTaken.ts"
import { setAside } from "./setAside.ts"
import { signingKey } from "./signingKey.ts"
import { type Layout, runFolder, taskFolder } from "./stateFolder.ts"
import { type Glance, glance, summarize } from "./summary.ts"
import { verifyStored } from "./verifyStored.ts"

/** A run as it lies on disk. */
export interface StoredRun {
  readonly record: RunRecord
  readonly folder: string
  /** Final, or put together from the tasks that have a final record. */
  readonly result: RunResult
}

export { RunBusy, RunExists }

/** Runs on disk: their folders, journals and signed records. */
export class RunStore extends Context.Tag("codex-runner/RunStore")<
  RunStore,
  {
    /** Says whose a folder is: this process's, from here on. Others can tell as long as it is so. */
    readonly own: (folder: string) => Effect.Effect<void, StoreFailed>
    /** Makes the run's folder, owned by this process. Fails where the id is taken. */
    readonly create: (
      layout: Layout,
      run: AdmittedRun,
      createdAt: Date,
      settings?: RunSettings
    ) => Effect.Effect<void, StoreFailed | RunExists>
    /**
     * Takes over a run that no process is at, for these tasks to be run again: what they had left is set aside, what
     * stopped the run is forgotten. No two at the same time: the caller holds the lock that sweeping has.
     */
    readonly reopen: (
      layout: Layout,
      runId: RunId,
      again: ReadonlyArray<TaskId>
    ) => Effect.Effect<void, StoreFailed | RunBusy>
    readonly find: (layout: Layout, runId: RunId) => Effect.Effect<Option.Option<StoredRun>, StoreFailed>
    /** The run in short; none where there is no such run. */
    readonly summary: (layout: Layout, runId: RunId) => Effect.Effect<Option.Option<RunSummary>, StoreFailed>
    /** Cheap: whether somebody is at the run, and how far it is. */
    readonly glance: (layout: Layout, runId: RunId) => Effect.Effect<Glance>
    /** Every run of a repository, oldest first. */
    readonly list: (layout: Layout) => Effect.Effect<ReadonlyArray<RunSummary>, StoreFailed>
    /** Nobody is at the run any more, though this process lives on. */
    readonly disown: (layout: Layout, runId: RunId) => Effect.Effect<void>
    /** Asks whoever is at the run to end it. */
    readonly askToCancel: (layout: Layout, runId: RunId) => Effect.Effect<void, StoreFailed>
    /** Comes back once somebody has asked that the run be ended. */
    readonly attend: (layout: Layout, runId: RunId) => Effect.Effect<void>
    /** Appends to the run's journal. What a task's Codex said is left to its own log. */
    readonly append: (layout: Layout, runId: RunId, event: RunEvent) => Effect.Effect<void, StoreFailed>
    /** Keeps a task's final record; a result counts as final once this is done. */
    readonly recordTask: (layout: Layout, runId: RunId, result: TaskResult) => Effect.Effect<void, StoreFailed>
    readonly recordRun: (layout: Layout, result: RunResult) => Effect.Effect<void, StoreFailed>
    /** Keeps that a task's patch was applied, and where. One process at a time. */
    readonly recordApply: (layout: Layout, runId: RunId, applied: AppliedPatch) => Effect.Effect<void, StoreFailed>
    /** What is wrong with a run's signed records and the files they speak of; nothing where they hold. */
    readonly verify: (layout: Layout, runId: RunId) => Effect.Effect<ReadonlyArray<string>, StoreFailed>
    /**
     * From here on nothing is written any more, and whoever wants to waits for ever: for a process that is about to
     * end, so that what it still does looks to all others as if it had been killed.
     */
    readonly seal: Effect.Effect<void>
  }
>() {
  static readonly layer = Layer.effect(
    RunStore,
    Effect.map(FileSystem.FileSystem, (fs) => {
      const durably = (...args: Parameters<typeof writeDurably>) =>
        writeDurably(...args).pipe(Effect.provideService(FileSystem.FileSystem, fs))
      const failed = (path: string) => (error: { readonly message: string }) =>
        new StoreFailed({ path, reason: error.message })
      const reading = Effect.provideService(FileSystem.FileSystem, fs)

      let isSealed = false
      const unlessSealed = <A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> =>
        Effect.suspend(() => isSealed ? Effect.never : write)

      /** Records of one process come one after the other, however many tasks end at once. */
      const writing = Effect.unsafeMakeSemaphore(1)
      const keepRecord = (layout: Layout, runId: RunId, record: Partial<NewRecord> & Pick<NewRecord, "kind">) =>
        Effect.flatMap(signingKey(layout.state), (key) =>
          appendRecord(runFolder(layout, runId), key, {
            run_id: runId,
            task_id: null,
            status: null,
            result_sha256: null,
            patch_sha256: null,
            ...record
          })).pipe(writing.withPermits(1))

      const find = Effect.fn("RunStore.find")(function*(layout: Layout, runId: RunId) {
        const record = yield* readRecord(layout, runId)
        if (Option.isNone(record)) return Option.none()
        const result = yield* readResult(layout, record.value)
        return Option.some({ record: record.value, folder: runFolder(layout, runId), result })
      }, reading)

      const heartbeats = makeHeartbeats()
      const own = (folder: string) =>
        Effect.flatMap(thisProcess, (owner) => durably(ownerFile(folder), JSON.stringify(owner))).pipe(
          Effect.zipRight(heartbeats.begin(folder))
        )

      const fill = Effect.fnUntraced(
        function*(layout: Layout, run: AdmittedRun, createdAt: Date, settings?: RunSettings) {
          const folder = runFolder(layout, run.runId)
          yield* own(folder)
          const content: RunRecord = {
            run_id: run.runId,
            base_commit: run.baseCommit,
            created_at: createdAt.toISOString(),
            request: run.request,
            ...(settings === undefined ? {} : { settings })
          }
          const text = JSON.stringify(content, null, 2)
          const record = keepRecord(layout, run.runId, { kind: "run", result_sha256: sha256Of(text) })
          yield* durably(recordIn(folder), text, record)
          for (const { taskId } of run.tasks) {
            yield* fs.makeDirectory(taskFolder(layout, run.runId, taskId), { recursive: true, mode: 0o700 }).pipe(
              Effect.mapError(failed(folder))
            )
          }
        }
      )

      const create = Effect.fn("RunStore.create")(function*(
        layout: Layout,
        run: AdmittedRun,
        createdAt: Date,
        settings?: RunSettings
      ) {
        const folder = runFolder(layout, run.runId)
        yield* fs.makeDirectory(layout.runs, { recursive: true, mode: 0o700 }).pipe(Effect.mapError(failed(folder)))
        yield* fs.makeDirectory(folder, { mode: 0o700 }).pipe(
          Effect.mapError((error) =>
            error._tag === "SystemError" && error.reason === "AlreadyExists"
              ? new RunExists({ run_id: run.runId })
              : failed(folder)(error)
          )
        )
        // Half of a run is none: its name is free again.
        yield* fill(layout, run, createdAt, settings).pipe(
          Effect.onError(() => Effect.ignore(fs.remove(folder, { recursive: true, force: true })))
        )
      })

      const reopen = Effect.fn("RunStore.reopen")(
        function*(layout: Layout, runId: RunId, again: ReadonlyArray<TaskId>) {
          const folder = runFolder(layout, runId)
          if (ownerIsAlive(folder) && !hasResult(folder)) return yield* new RunBusy({ run_id: runId })
          yield* own(folder)
          yield* mendJournal(folder)
          // What the records say of the files below no longer holds: that is said before they are moved.
          yield* keepRecord(layout, runId, { kind: "resume" })
          for (const task_id of again) {
            yield* keepRecord(layout, runId, { kind: "resume", task_id })
            yield* setAside(taskFolder(layout, runId, task_id))
          }
          for (const file of [cancelMark(folder), sweptMark(folder), resultIn(folder)]) {
            yield* fs.remove(file, { force: true }).pipe(Effect.mapError(failed(file)))
          }
        }
      )

      const summary = Effect.fn("RunStore.summary")(function*(layout: Layout, runId: RunId) {
        const record = yield* readRecord(layout, runId)
        return yield* Effect.try({
          try: () => Option.map(record, (found) => summarize(layout, found)),
          catch: (cause) => new StoreFailed({ path: runFolder(layout, runId), reason: String(cause) })
        })
      }, reading)

      const list = Effect.fn("RunStore.list")(function*(layout: Layout) {
        const ids = yield* runIdsIn(layout)
        const runs = yield* Effect.forEach(ids, (id) => summary(layout, id), { concurrency: 4 })
        return runs.flatMap(Option.toArray).sort((a, b) => a.created_at.localeCompare(b.created_at))
      })

      return RunStore.of({
        own: (folder) => unlessSealed(own(folder)),
        create: (...made) => unlessSealed(create(...made)),
        reopen: (layout, runId, again) => unlessSealed(reopen(layout, runId, again)),
        find,
        summary,
        glance: (layout, runId) => Effect.sync(() => glance(layout, runId)),
        list,
        disown: (layout, runId) => Effect.ignore(fs.remove(ownerFile(runFolder(layout, runId)))),
        attend: (layout, runId) => attend(runFolder(layout, runId)),
        askToCancel: (layout, runId) => {
          // That it is there is all that it says: it needs no draft, in which two that ask at once would meet.
          const mark = cancelMark(runFolder(layout, runId))
          return Effect.mapError(fs.writeFileString(mark, "", { mode: 0o600 }), failed(mark))
        },
        append: (layout, runId, event) => unlessSealed(appendToJournal(runFolder(layout, runId), event)),
        recordTask: (layout, runId, result) => {
          const text = JSON.stringify(result, null, 2)
          // No record without its result, nor the other way: who finds the one can have the other.
          const record = keepRecord(layout, runId, {
            kind: "task",
            task_id: result.task_id,
            status: result.status,
            result_sha256: sha256Of(text),
            patch_sha256: result.patch_sha256
          })
          return unlessSealed(durably(resultIn(taskFolder(layout, runId, result.task_id)), text, record))
        },
        recordRun: (layout, result) => {
          const text = JSON.stringify(result, null, 2)
          const folder = runFolder(layout, result.run_id)
          const record = keepRecord(layout, result.run_id, {
            kind: "end",
            status: result.status,
            result_sha256: sha256Of(text)
          })
          return unlessSealed(Effect.zipRight(durably(resultIn(folder), text, record), heartbeats.end(folder)))
        },
        recordApply: (layout, runId, { patchSha256, taskId, to }) =>
          keepRecord(layout, runId, { kind: "apply", task_id: taskId, status: to, patch_sha256: patchSha256 }),
        verify: verifyStored,
        seal: Effect.sync(() => {
          isSealed = true
        })
      })
    })
  )
}
