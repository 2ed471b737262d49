/** The handlers over an engine in memory, on the test's clock. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { decodeConfig } from "../../src/config/decodeConfig.ts"
import type { RunnerConfigInput } from "../../src/config/RunnerConfig.ts"
import { RunRejected } from "../../src/domain/Problem.ts"
import { RunId } from "../../src/domain/Task.ts"
import { awaitTheRun, cancelRun, runTasks, taskOutput } from "../../src/mcp/handlers.ts"
import { Repositories } from "../../src/mcp/Repositories.ts"
import { readResource } from "../../src/mcp/resources.ts"
import { Reviews } from "../../src/mcp/reviews.ts"
import { Runs } from "../../src/Runs.ts"
import { resultOf, stateOf } from "./support.ts"

const unused = Effect.dieMessage("not used here")

/** A run that is over once it is let go, and what was asked of the engine. */
const engine = (config: RunnerConfigInput = {}) =>
  Effect.gen(function*() {
    const over = yield* Deferred.make<void>()
    const asked: Array<string> = []
    const running = stateOf("running", [], { a: "codex" })
    const ended = stateOf("completed", [resultOf("a")])
    const state = Effect.map(Deferred.isDone(over), (done) => done ? ended : running)
    const runner: CodexRunner["Type"] = {
      start: (request) =>
        Effect.sync(() => {
          asked.push(`start ${request.tasks.length}`)
          return RunId.make("run")
        }),
      detach: () =>
        Effect.sync(() => {
          asked.push("detach")
          return RunId.make("run")
        }),
      run: () => unused,
      resume: () => unused,
      detachResume: () => unused,
      reviewPlan: () => unused,
      apply: () => unused,
      conflicts: () => unused,
      verify: () => unused,
      abandon: unused,
      examine: unused,
      events: () => Stream.die("not used here")
    }
    const runs: Runs["Type"] = {
      list: unused,
      find: () => state,
      watch: () => Stream.concat(Stream.fromEffect(Effect.map(state, ({ summary }) => summary)), Stream.never),
      wait: (_run, limit) => {
        asked.push(`wait ${Duration.toMillis(limit)}`)
        return Effect.zipRight(Effect.timeoutOption(Deferred.await(over), limit), state)
      },
      cancel: () => Effect.zipRight(Effect.timeoutOption(Deferred.await(over), "1 minute"), state),
      story: () => unused,
      log: () => Stream.die("not used here"),
      patches: () => unused,
      planClean: () => unused,
      clean: () => unused,
      output: ({ limit, offset }) => {
        asked.push(`output ${limit}`)
        const total = 100_000
        if (offset >= total) return Effect.succeed({ text: "", offset, next_offset: null, total })
        return Effect.succeed({ text: "\u0001".repeat(limit), offset, next_offset: offset + limit, total })
      }
    }
    const decoded = Either.getOrThrow(decodeConfig(config))
    const opened = Effect.succeed({
      root: "/repo",
      config: { ...decoded, origin: { path: null, sha256: null, needsTrust: [] } },
      runner,
      runs
    })
    const layer = Layer.succeed(Repositories, {
      toStart: () => opened,
      toLook: () => opened,
      opened: Effect.map(opened, (one) => [one])
    })
    return { asked, layer, letGo: Deferred.succeed(over, undefined) }
  })

const tasks = [{ task_id: "a", prompt: "x" }]
const statusOf = (reply: { readonly structuredContent?: Record<string, unknown> | undefined }) =>
  reply.structuredContent?.["status"]

describe("run_codex_tasks", () => {
  it.effect("answers after 45 seconds with what there is, or as soon as the run is over", () =>
    Effect.gen(function*() {
      const { asked, layer, letGo } = yield* engine()
      const scope = yield* Effect.scope
      const start = (args: object) =>
        Effect.fork(runTasks(false, scope)({ args: { tasks, ...args }, send: undefined }).pipe(Effect.provide(layer)))
      const first = yield* start({})
      yield* TestClock.adjust("44 seconds")
      assert.strictEqual((yield* Fiber.poll(first))._tag, "None")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(statusOf(yield* Fiber.join(first)), "running")
      assert.strictEqual(statusOf(yield* Effect.flatMap(start({ wait_sec: 0 }), Fiber.join)), "running")
      const long = yield* start({ wait_sec: 3600, detach: true })
      yield* TestClock.adjust("59 minutes")
      yield* letGo
      assert.strictEqual(statusOf(yield* Fiber.join(long)), "completed")
      assert.deepStrictEqual(asked, ["start 1", "wait 45000", "start 1", "wait 0", "detach", "wait 3600000"])
    }).pipe(Effect.scoped))

  it.effect("whose call is cancelled before the run is there starts it all the same", () =>
    Effect.gen(function*() {
      const { layer } = yield* engine()
      const begun = yield* Deferred.make<void>()
      const there = yield* Deferred.make<void>()
      const done = yield* Deferred.make<void>()
      const slow = Layer.effect(
        Repositories,
        Effect.map(Repositories, (repositories) => ({
          ...repositories,
          toStart: (dir: string | undefined) =>
            Effect.map(repositories.toStart(dir), (opened) => ({
              ...opened,
              runner: {
                ...opened.runner,
                start: () =>
                  Deferred.succeed(begun, undefined).pipe(
                    Effect.zipRight(Deferred.await(there)),
                    Effect.zipRight(Deferred.succeed(done, undefined)),
                    Effect.as(RunId.make("run"))
                  )
              }
            }))
        }))
      ).pipe(Layer.provide(layer))
      const server = yield* Scope.make()
      const call = yield* Effect.fork(
        runTasks(false, server)({ args: { tasks }, send: undefined }).pipe(Effect.provide(slow))
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(call)
      yield* Deferred.succeed(there, undefined)
      yield* Deferred.await(done)
    }))

  it.effect("takes no sandbox away but where the user said so", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* engine({ sandbox_mode: "danger-full-access" })
      const scope = yield* Effect.scope
      const call = { args: { tasks, wait_sec: 0 }, send: undefined }
      const refused = yield* Effect.flip(runTasks(false, scope)(call).pipe(Effect.provide(layer)))
      assert.include(refused.message, "--allow-danger-full-access")
      assert.deepStrictEqual(asked, [])
      yield* runTasks(true, scope)(call).pipe(Effect.provide(layer))
      assert.deepStrictEqual(asked, ["start 1", "wait 0"])
    }).pipe(Effect.scoped))

  it.effect("tells every problem of its arguments at once", () =>
    Effect.gen(function*() {
      const { layer } = yield* engine()
      const scope = yield* Effect.scope
      const refused = yield* Effect.flip(
        runTasks(false, scope)({ args: { tasks: "none", wait_sec: "long", repo_dir: 5 }, send: undefined }).pipe(
          Effect.provide(layer)
        )
      )
      assert.deepStrictEqual(refused.problems.map(({ at }) => at).sort(), ["repo_dir", "tasks", "wait_sec"])
    }).pipe(Effect.scoped))
})

describe("await_run and get_task_output", () => {
  it.effect("the wait's interruption ends nothing else", () =>
    Effect.gen(function*() {
      const { layer, letGo } = yield* engine()
      const wait = () =>
        Effect.fork(awaitTheRun({ args: { run_id: "run" }, send: undefined }).pipe(Effect.provide(layer)))
      yield* Fiber.interrupt(yield* wait())
      yield* letGo
      assert.strictEqual(statusOf(yield* Effect.flatMap(wait(), Fiber.join)), "completed")
    }))

  it.effect("the end of what there is of a task is not its end while that is at work", () =>
    Effect.gen(function*() {
      const { layer, letGo } = yield* engine()
      const read = (what: string, offset = 100_000) =>
        Effect.map(
          taskOutput({ args: { run_id: "run", task_id: "a", what, offset, limit: 1 }, send: undefined }),
          ({ structuredContent }) => structuredContent?.["next"]
        ).pipe(Effect.provide(layer))
      assert.strictEqual(
        yield* read("log"),
        `This is the end so far, for the task is not over. What comes after it: ` +
          `get_task_output {"run_id":"run","task_id":"a","what":"log","offset":100000}`
      )
      assert.include(String(yield* read("patch")), `has no patch before that: await_run {"run_id":"run"}`)
      yield* letGo
      assert.strictEqual(yield* read("log"), "This is the end.")
    }))

  it.effect("a page is made smaller until it fits in bytes", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* engine()
      const args = { run_id: "run", task_id: "a", what: "log" }
      const reply = yield* taskOutput({ args, send: undefined }).pipe(Effect.provide(layer))
      assert.isAtMost(Buffer.byteLength(JSON.stringify(reply)), 32_000)
      assert.deepStrictEqual(asked, ["output 6000", "output 3000", "output 1500"])
    }))
})

describe("cancel_run", () => {
  it.effect("answers within the shortest time limit of a client, also where the end takes longer", () =>
    Effect.gen(function*() {
      const { layer } = yield* engine()
      const call = yield* Effect.fork(
        cancelRun({ args: { run_id: "run" }, send: undefined }).pipe(Effect.provide(layer))
      )
      yield* TestClock.adjust("45 seconds")
      assert.isTrue(Option.isSome(yield* Fiber.poll(call)))
      const { structuredContent } = yield* Fiber.join(call)
      assert.include(String(structuredContent?.["next"]), "It has not ended yet, but will.")
    }))
})

describe("a name", () => {
  it.effect("is a whole one: another run is not ended by the start of its name", () =>
    Effect.gen(function*() {
      const { layer } = yield* engine()
      const call = { args: { run_id: "ru" }, send: undefined }
      const refused = yield* Effect.flip(cancelRun(call).pipe(Effect.provide(layer)))
      assert.deepInclude(refused.problems[0], { at: "run_id", message: "no run \"ru\".", remedy: "Did you mean run?" })
    }))

  it.effect("of a run in several repositories opens none of them", () =>
    Effect.gen(function*() {
      const { layer } = yield* engine()
      const own = yield* Effect.flatMap(Repositories, ({ toLook }) => toLook(undefined)).pipe(Effect.provide(layer))
      const read = (uri: string, ...roots: ReadonlyArray<string>) =>
        readResource(uri).pipe(
          Effect.provideService(Repositories, {
            toStart: () => Effect.succeed(own),
            toLook: () => Effect.succeed(own),
            opened: Effect.succeed(roots.map((root) => ({ ...own, root })))
          }),
          Effect.either
        )
      assert.isTrue(Either.isRight(yield* read("codex-run://run/a/patch", "/repo", "/repo")))
      assert.include(
        String(yield* read("codex-run://run/a/patch", "/repo", "/other")),
        "get_task_output, with repo_dir"
      )
      for (const uri of ["codex-run://ru/a/patch", "codex-run://run/b/patch", "codex-run://run/a/request"]) {
        assert.include(String(yield* read(uri)), "No such resource")
      }
    }))
})

describe("reviews", () => {
  const review = {
    report: {
      missing_tasks: ["one"],
      dependency_issues: [],
      parallelization_suggestions: [],
      test_gaps: [],
      risk_flags: [],
      recommended_task_splits: []
    }
  }

  /** Each answer waits until it is let go. */
  const slowReviews = Effect.gen(function*() {
    const reviews = Context.get(yield* Layer.build(Reviews.layer), Reviews)
    const go = yield* Deferred.make<void>()
    let count = 0
    const ask = Effect.suspend(() => {
      count += 1
      return Effect.as(Deferred.await(go), review)
    })
    return { ask, asked: () => count, go, reviews }
  })

  it.scoped("a few are asked at a time, the others wait; those that are too many are refused", () =>
    Effect.gen(function*() {
      const { ask, asked, go, reviews } = yield* slowReviews
      const all = Array.from({ length: 16 }, (_, index) => `plan ${index}`)
      const waiting = yield* Effect.forEach(all, (plan) => Effect.fork(reviews.answer(plan, ask)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(asked(), 4)
      const refused = yield* Effect.flip(reviews.answer("one more", ask))
      assert.include(refused.message, "16 reviews are under way already.")
      const joined = yield* Effect.fork(reviews.answer("plan 15", ask))
      yield* Deferred.succeed(go, undefined)
      assert.lengthOf(yield* Effect.forEach([...waiting, joined], Fiber.join), 17)
      assert.strictEqual(asked(), 16)
      assert.deepStrictEqual(yield* reviews.answer("one more", ask), review)
    }))

  it.scoped("the same question is asked once, until somebody has its answer; what failed is asked anew", () =>
    Effect.gen(function*() {
      const { ask, asked, go, reviews } = yield* slowReviews
      const cut = yield* Effect.fork(reviews.answer("plan", ask))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(cut)
      const joined = yield* Effect.fork(reviews.answer("plan", ask))
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual(yield* Fiber.join(joined), review)
      assert.strictEqual(asked(), 1)
      yield* reviews.answer("plan", ask)
      yield* reviews.answer("another", ask)
      assert.strictEqual(asked(), 3)
      const refused = new RunRejected({ problems: [{ area: "request", at: "x", message: "no" }] })
      assert.strictEqual(yield* Effect.flip(reviews.answer("plan", Effect.fail(refused))), refused)
      assert.deepStrictEqual(yield* reviews.answer("plan", ask), review)
    }))
})
