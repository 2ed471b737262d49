import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { decodeConfig } from "../../src/config/decodeConfig.ts"
import type { RunResult, TaskResult } from "../../src/domain/Result.ts"
import { type AdmittedRun, RunId, TaskId } from "../../src/domain/Task.ts"
import { admit } from "../../src/policy/admission.ts"
import { RunStore } from "../../src/store/RunStore.ts"
import { type Layout, layoutOf, runFolder, taskFolder } from "../../src/store/stateFolder.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { task } from "../support/results.ts"

const store = RunStore.layer.pipe(Layer.provide(NodeFileSystem.layer))

const admitted = (runId: string, tasks: ReadonlyArray<string> = ["a", "b"]): AdmittedRun =>
  Either.getOrThrow(admit({
    request: { tasks: tasks.map((id) => ({ task_id: TaskId.make(id), prompt: "Do it" })) },
    config: Either.getOrThrow(decodeConfig({})),
    runId: RunId.make(runId),
    baseCommit: "0".repeat(40)
  }))

const resultOf = (taskId: string): TaskResult =>
  task(taskId, { files_changed: ["ü.txt"], commands_run: [{ cmd: "npm test", exit_code: 0 }] })

const finished = (runId: string): RunResult => ({
  run_id: RunId.make(runId),
  status: "completed",
  base_commit: "0".repeat(40),
  total_duration_ms: 5,
  results: [resultOf("a"), resultOf("b")]
})

const inFolder = <A, E>(use: (layout: Layout) => Effect.Effect<A, E, RunStore>) =>
  Effect.flatMap(scratchFolder, (home) =>
    use(layoutOf(home, {
      root: `${home}/repo`,
      commonDir: `${home}/repo/.git`,
      objects: "",
      objectFormat: "sha1",
      target: { _tag: "Repository", directory: `${home}/repo` }
    }))).pipe(Effect.provide(store))

const create = (layout: Layout, runId: string, at = 0) =>
  Effect.flatMap(RunStore, (runs) => runs.create(layout, admitted(runId), new Date(at)))

const find = (layout: Layout, runId: string) =>
  Effect.flatMap(RunStore, (runs) => runs.find(layout, RunId.make(runId))).pipe(Effect.map(Option.getOrNull))

/** As a runner that was killed leaves it: a process that is no more owns the run. */
const disown = (layout: Layout, runId: string) => {
  const file = `${runFolder(layout, runId)}/owner.json`
  const owner: object = JSON.parse(Fs.readFileSync(file, "utf8"))
  Fs.writeFileSync(file, JSON.stringify({ ...owner, pid: spawnSync("true").pid }))
}

describe("RunStore", () => {
  it.scopedLive("as many as want to may ask at once that a run be ended", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        yield* create(layout, "r")
        const runs = yield* RunStore
        const asks = Array.from({ length: 20 }, () => runs.askToCancel(layout, RunId.make("r")))
        yield* Effect.all(asks, { concurrency: "unbounded", discard: true })
      })
    ))

  it.scoped("a run that was just made is running, its folder has a place for each task", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        yield* create(layout, "r", 1000)
        const run = yield* find(layout, "r")
        assert.strictEqual(run?.result.status, "running")
        assert.deepStrictEqual(run?.result.results, [])
        assert.strictEqual(run?.record.created_at, "1970-01-01T00:00:01.000Z")
        assert.isTrue(Fs.statSync(taskFolder(layout, "r", "b")).isDirectory())
      })
    ))

  it.scoped("a taken id is refused", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        yield* create(layout, "r")
        assert.strictEqual((yield* Effect.flip(create(layout, "r")))._tag, "RunExists")
      })
    ))

  it.scoped("two that take the same id at once: one of them gets it", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const all = yield* Effect.all(Array.from({ length: 8 }, () => Effect.either(create(layout, "r"))), {
          concurrency: "unbounded"
        })
        assert.strictEqual(all.filter(Either.isRight).length, 1)
      })
    ))

  it.scoped("a final record survives its runner", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        yield* create(layout, "r")
        yield* runs.recordTask(layout, RunId.make("r"), resultOf("b"))
        disown(layout, "r")
        const run = yield* find(layout, "r")
        assert.strictEqual(run?.result.status, "interrupted")
        assert.deepStrictEqual(run?.result.results, [resultOf("b")])
      })
    ))

  it.scoped("the run's own result is what counts once it is there", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        yield* create(layout, "r")
        yield* runs.recordRun(layout, finished("r"))
        disown(layout, "r")
        assert.deepStrictEqual((yield* find(layout, "r"))?.result, finished("r"))
      })
    ))

  it.scoped("files that a crash cut short count as missing", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        yield* create(layout, "r")
        yield* runs.recordTask(layout, RunId.make("r"), resultOf("a"))
        yield* runs.recordTask(layout, RunId.make("r"), resultOf("b"))
        yield* runs.recordRun(layout, finished("r"))
        const folder = runFolder(layout, "r")
        const cut = (file: string) => Fs.truncateSync(file, Math.floor(Fs.statSync(file).size / 2))
        cut(`${folder}/result.json`)
        cut(`${taskFolder(layout, "r", "a")}/result.json`)
        assert.deepStrictEqual((yield* find(layout, "r"))?.result.results, [resultOf("b")])
        cut(`${folder}/owner.json`)
        assert.strictEqual((yield* find(layout, "r"))?.result.status, "interrupted")
        cut(`${folder}/run.json`)
        assert.isNull(yield* find(layout, "r"))
        assert.deepStrictEqual(yield* runs.list(layout), [])
      })
    ))

  it.scoped("a journal that was cut in the middle of a line is in nobody's way", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        yield* create(layout, "r")
        const event = { _tag: "TaskStageEntered", task_id: TaskId.make("a"), stage: "codex" } as const
        yield* runs.append(layout, RunId.make("r"), event)
        const journal = `${runFolder(layout, "r")}/journal.jsonl`
        Fs.truncateSync(journal, Fs.statSync(journal).size - 10)
        assert.strictEqual((yield* find(layout, "r"))?.result.status, "running")
        assert.strictEqual((yield* runs.list(layout)).length, 1)
      })
    ))

  it.scoped("the journal leaves what Codex said to Codex's own log", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        yield* create(layout, "r")
        yield* runs.append(layout, RunId.make("r"), {
          _tag: "TaskCodexEvent",
          task_id: TaskId.make("a"),
          event: { type: "turn.started" }
        })
        yield* runs.append(layout, RunId.make("r"), {
          _tag: "TaskFinished",
          task_id: TaskId.make("a"),
          result: resultOf("a")
        })
        const journal = Fs.readFileSync(`${runFolder(layout, "r")}/journal.jsonl`, "utf8")
        assert.notInclude(journal, "turn.started")
        assert.notInclude(journal, "commands_run")
        assert.include(journal, "\"status\":\"success\"")
      })
    ))

  it.scoped("lists by time, oldest first, whatever the names; what is no run is passed over", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        yield* create(layout, "a", 3000)
        yield* create(layout, "c..lock", 1000)
        yield* create(layout, "b.lock", 2000)
        Fs.mkdirSync(`${layout.runs}/not a run`)
        Fs.mkdirSync(`${layout.runs}/empty`)
        Fs.writeFileSync(`${layout.runs}/file`, "")
        const listed = yield* runs.list(layout)
        assert.deepStrictEqual(
          listed.map((run) => run.run_id),
          ["c..lock", "b.lock", "a"].map((id) => RunId.make(id))
        )
      })
    ))

  it.scoped("where there was never a run, there is none", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        assert.deepStrictEqual(yield* runs.list(layout), [])
        assert.isNull(yield* find(layout, "r"))
      })
    ))

  it.scoped("a state folder that can't be written is a StoreFailed", () =>
    inFolder((layout) =>
      Effect.gen(function*() {
        const runs = yield* RunStore
        yield* create(layout, "r")
        Fs.rmSync(runFolder(layout, "r"), { recursive: true })
        assert.strictEqual(
          (yield* Effect.flip(runs.recordTask(layout, RunId.make("r"), resultOf("a"))))._tag,
          "StoreFailed"
        )
        Fs.rmSync(layout.runs, { recursive: true })
        Fs.writeFileSync(layout.runs, "in the way")
        const error = yield* Effect.flip(create(layout, "r"))
        assert.strictEqual(error._tag, "StoreFailed")
      })
    ))
})
