/** The library as an embedding program has it: what it exports, and nothing else. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import {
  Codex,
  CodexRunner,
  Host,
  type RunEvent,
  RunnerConfig,
  type RunRequest,
  Runs,
  RunStore,
  SecurityPolicy,
  shippedStages,
  type Stages,
  TaskId
} from "../src/index.ts"
import { type CodexScript, layerScriptedCodex, turn, writes } from "../src/testing.ts"
import { type GitRepo, gitRepo } from "./support/GitRepo.ts"
import { recorder } from "./telemetry/recorder.ts"

const request = (...names: ReadonlyArray<string>): RunRequest => ({
  tasks: names.map((name) => ({ task_id: TaskId.make(name), prompt: name, allowed_paths: ["src/**", "docs/**"] }))
})

/** The runner as it ships, with these in place of ours. */
const runner = <R extends Stages>(repo: GitRepo, replaced: Layer.Layer<R, never, Stages>) =>
  CodexRunner.layerStages.pipe(
    Layer.provide(replaced),
    Layer.provide(shippedStages),
    Layer.provide(RunnerConfig.layerValue({ resource_policy: "normal" })),
    Layer.provide(Layer.succeed(Host, { env: repo.env, directory: repo.root })),
    Layer.provide(NodeContext.layer)
  )

/** Says hello, then nothing more, ever. */
const hangs: CodexScript = () => Stream.concat(Stream.fromIterable(turn("hello").slice(0, 3)), Stream.never)

const saidHello = (event: RunEvent) => event._tag === "TaskCodexEvent" && event.event.type === "item.completed"

describe("the methods on the tag", () => {
  it.scopedLive("are those of the runner that is provided", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        const ran = yield* CodexRunner.run(request("a"))
        const followed = yield* Stream.runCollect(CodexRunner.events(request("a")))
        const resumed = yield* CodexRunner.resume(ran.run_id)
        const id = yield* Effect.scoped(Effect.gen(function*() {
          const started = yield* CodexRunner.start(request("a"))
          const runs = yield* Runs
          yield* runs.wait(started, "1 minute")
          return started
        }))
        const runs = yield* Runs
        assert.strictEqual(ran.results[0]?.status, "success")
        assert.strictEqual(Option.getOrUndefined(Chunk.last(followed))?._tag, "RunFinished")
        assert.deepStrictEqual(resumed, ran)
        assert.strictEqual((yield* runs.find(id)).result.results[0]?.status, "success")
      }).pipe(Effect.provide(runner(repo, layerScriptedCodex(writes({ "src/a.ts": "a\n" })))))
    }))
})

describe("an interruption", () => {
  for (const [name, run] of [["run", CodexRunner.run], ["resume", CodexRunner.resume]] as const) {
    it.scoped(`of ${name} cancels: what was done is on record and under its ref, and nothing else is left`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo()
        const layer = runner(
          repo,
          layerScriptedCodex((job) => Stream.concat(Stream.drain(writes({ "src/half.ts": "half\n" })(job)), hangs(job)))
        )
        yield* Effect.gen(function*() {
          const begin = (what: typeof run) =>
            Effect.gen(function*() {
              const begun = yield* Deferred.make<void>()
              const watch = (event: RunEvent) => saidHello(event) ? Deferred.succeed(begun, undefined) : Effect.void
              const fiber = yield* Effect.fork(
                what === CodexRunner.resume
                  ? CodexRunner.resume("last", watch)
                  : CodexRunner.run({ ...request("a", "b"), concurrency: 1 }, watch)
              )
              yield* Effect.raceFirst(Deferred.await(begun), Fiber.join(fiber))
              yield* Fiber.interrupt(fiber)
            })
          yield* begin(CodexRunner.run)
          if (name === "resume") yield* begin(CodexRunner.resume)
          const runs = yield* Runs
          const { result, summary } = yield* runs.find("last")
          assert.strictEqual(summary.status, "cancelled")
          assert.deepStrictEqual(summary.kept_worktrees, [])
          const { ref } = result.results[0] ?? {}
          assert.strictEqual(repo.git("show", `${ref}:src/half.ts`), "half")
          assert.strictEqual(repo.git("worktree", "list").split("\n").length, 1)
        }).pipe(Effect.provide(layer))
      }))
  }
})

describe("a stage of one's own", () => {
  it.scoped("SecurityPolicy: adds a rule before and one after, and leaves the rest to ours", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const policy = Layer.effect(
        SecurityPolicy,
        Effect.map(SecurityPolicy, (ours) =>
          SecurityPolicy.of({
            ...ours,
            check: (asked) => [
              ...ours.check(asked),
              ...asked.tasks.flatMap(({ task_id }) =>
                task_id === "forbidden"
                  ? [{ area: "request" as const, at: "tasks", message: "not this one", remedy: "Another." }]
                  : []
              )
            ],
            audit: (deeds) => [
              ...ours.audit(deeds),
              ...deeds.files.flatMap(({ path }) =>
                path.endsWith(".js") ? [{ kind: "path" as const, detail: `"${path}" is no TypeScript` }] : []
              )
            ]
          }))
      )
      const codex = layerScriptedCodex(writes({ "src/a.js": "a\n", "elsewhere.ts": "b\n" }))
      yield* Effect.gen(function*() {
        const rejected = yield* Effect.flip(CodexRunner.run(request("forbidden")))
        assert.deepStrictEqual(rejected.problems.map(({ message }) => message), ["not this one"])
        const { results: [task] } = yield* CodexRunner.run(request("a"))
        assert.strictEqual(task?.status, "failed")
        assert.sameMembers(task?.violations.map(({ detail }) => detail) ?? [], [
          "\"src/a.js\" is no TypeScript",
          "Path not in allowed patterns: \"elsewhere.ts\". Allowed: \"src/**\", \"docs/**\"."
        ])
      }).pipe(Effect.provide(runner(repo, Layer.merge(policy, codex))))
    }))

  it.scoped("RunStore: hears of every result before the caller does", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const heard: Array<string> = []
      const store = Layer.effect(
        RunStore,
        Effect.map(RunStore, (ours) =>
          RunStore.of({
            ...ours,
            recordTask: (layout, runId, result) =>
              Effect.tap(ours.recordTask(layout, runId, result), () => heard.push(`${runId} ${result.task_id}`))
          }))
      )
      const codex = layerScriptedCodex(() => Stream.fromIterable(turn("done")))
      const { results, run_id } = yield* CodexRunner.run(request("a")).pipe(
        Effect.provide(runner(repo, Layer.merge(store, codex)))
      )
      assert.strictEqual(results[0]?.status, "success")
      assert.deepStrictEqual(heard, [`${run_id} a`])
    }))

  it.scoped("Codex: the one that ships, with a word before each task", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const tasks: Array<string> = []
      const codex = Layer.effect(
        Codex,
        Effect.map(Codex, (scripted) =>
          Codex.of({
            open: (options) =>
              Effect.map(scripted.open(options), (session) => ({
                ...session,
                run: (job) => {
                  tasks.push(job.task.taskId)
                  return session.run(job)
                }
              }))
          }))
      ).pipe(Layer.provide(layerScriptedCodex(() => Stream.fromIterable(turn("done")))))
      yield* CodexRunner.run(request("a", "b")).pipe(Effect.provide(runner(repo, codex)))
      assert.sameMembers(tasks, ["a", "b"])
    }))
})

describe("spans", () => {
  it.scoped("run > task > stage, in the caller's span, wherever the layer was built", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const { named, spans, tracer, way } = recorder()
      yield* Effect.gen(function*() {
        const layer = runner(repo, layerScriptedCodex(writes({ "src/a.ts": "a\n", "no.ts": "b\n" })))
        const services = yield* Effect.withSpan(Layer.build(layer), "building")
        yield* CodexRunner.run(request("a")).pipe(Effect.provide(services), Effect.withSpan("caller"))
      }).pipe(Effect.withTracer(tracer))

      const [task] = named("codex_runner.task")
      const [run] = named("codex_runner.run")
      assert.deepStrictEqual(
        spans.filter(({ parent }) => parent === task?.spanId).map(({ name }) => name)
          .filter((name) => name.startsWith("codex_runner.")),
        ["worktree", "setup", "codex", "capture", "record"].map((stage) => `codex_runner.task.${stage}`)
      )
      for (const span of spans.filter(({ name }) => /^(codex_runner|Git|RunStore|Worktrees|Patches)/.test(name))) {
        assert.deepStrictEqual(way(span).slice(-1), ["caller"], span.name)
      }
      assert.deepStrictEqual(task && way(task), ["codex_runner.task", "codex_runner.run", "caller"])
      assert.deepInclude(Object.fromEntries(task?.attributes ?? []), {
        "codex_runner.task.id": "a",
        "codex_runner.task.status": "failed",
        "codex_runner.task.files_changed": 2,
        "codex_runner.task.violations": 1,
        "error.type": "policy"
      })
      assert.deepInclude(Object.fromEntries(run?.attributes ?? []), {
        "codex_runner.run.status": "completed",
        "codex_runner.run.tasks": 1,
        "codex_runner.run.tasks_succeeded": 0
      })
      assert.isAbove(Number(named("codex_runner.task.capture")[0]?.attributes.get("codex_runner.task.patch_bytes")), 0)
    }))
})
