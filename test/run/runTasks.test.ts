import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Os from "node:os"
import { TaskId } from "../../src/domain/Task.ts"
import { CaptureFailed } from "../../src/patch/CaptureFailed.ts"
import { StoreFailed } from "../../src/store/durable.ts"
import { turn } from "../../src/testing.ts"
import { WorktreeFailed } from "../../src/worktree/Worktrees.ts"
import { byTask, ends, hangsAfter, nothingSeen, runInMemory, says, turnCompleted } from "./inMemory.ts"

const succeeds = () => Stream.fromIterable(turn("done"))

/** Ends the way `turn` does, this much later. */
const after = (duration: Duration.DurationInput) => () =>
  Stream.fromIterableEffect(Effect.delay(Effect.succeed(turn("done")), duration))

/** Ends the way `turn` does, once this is done. */
const once = (gate: Deferred.Deferred<void>) => () =>
  Stream.fromIterableEffect(Effect.as(Deferred.await(gate), turn("done")))

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)

describe("a task's limits", () => {
  it.effect("ends it at its wall-clock limit, to the millisecond, with what was seen kept", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const run = yield* Effect.fork(
        runInMemory(
          { tasks: ["slow"], script: hangsAfter(says("half way")), config: { default_timeout_sec: 300 } },
          seen
        )
      )
      yield* TestClock.adjust("299999 millis")
      assert.isNull(yield* Fiber.poll(run).pipe(Effect.map((exit) => exit._tag === "None" ? null : exit)))
      yield* TestClock.adjust("1 millis")
      const { results: [result] } = yield* Fiber.join(run)
      assert.strictEqual(result?.status, "timeout")
      assert.strictEqual(result?.error?.kind, "timeout")
      assert.isTrue(result?.error?.message.startsWith("Task timeout exceeded (300s)"))
      assert.strictEqual(result?.summary, "half way")
      assert.strictEqual(result?.duration_ms, 300_000)
      assert.isNull(result?.exit_code ?? null)
      assert.deepStrictEqual(seen.records.get("slow"), result)
      assert.strictEqual(seen.worktrees.size, 0)
    }))

  it.effect("ends it once Codex was silent for the idle limit, counted from its last event", () =>
    Effect.gen(function*() {
      const script = () =>
        Stream.make(says("one"), says("two")).pipe(
          Stream.tap(() => Effect.sleep("50 seconds")),
          Stream.concat(Stream.never)
        )
      const run = yield* Effect.fork(runInMemory({ tasks: ["quiet"], script, config: { idle_timeout_sec: 60 } }))
      yield* TestClock.adjust("159999 millis")
      assert.strictEqual((yield* Fiber.poll(run))._tag, "None")
      yield* TestClock.adjust("1 millis")
      const { results: [result] } = yield* Fiber.join(run)
      assert.strictEqual(result?.status, "timeout")
      assert.strictEqual(result?.error?.kind, "idle_timeout")
      assert.include(result?.error?.message, "60 s")
      assert.strictEqual(result?.summary, "two")
    }))

  it.effect("starts the clock with Codex, not with the worktree", () =>
    Effect.gen(function*() {
      const run = yield* Effect.fork(runInMemory({
        tasks: ["late"],
        script: after("299 seconds"),
        capture: () => Effect.fail(new CaptureFailed({ worktree: "w", reason: "not looked at" })),
        watch: (event) =>
          event._tag === "TaskStageEntered" && event.stage === "setup" ? Effect.sleep("200 seconds") : Effect.void
      }))
      yield* TestClock.adjust("500 seconds")
      const { results: [result] } = yield* Fiber.join(run)
      assert.notStrictEqual(result?.status, "timeout")
    }))
})

describe("one task's trouble is its own", () => {
  it.effect("a script that dies is `internal`, and its siblings succeed", () =>
    Effect.gen(function*() {
      const result = yield* runInMemory({
        tasks: ["dies", "throws", "good"],
        request: { concurrency: 3 },
        script: byTask({
          dies: () => Stream.concat(Stream.make(says("so far")), Stream.die(new Error("a bug"))),
          throws: () => {
            throw new Error("another bug")
          },
          good: succeeds
        })
      })
      assert.deepStrictEqual(result.results.map((task) => task.status), ["failed", "failed", "success"])
      assert.deepStrictEqual(result.results.map((task) => task.error?.kind), ["internal", "internal", undefined])
      assert.include(result.results[0]?.error?.message, "a bug")
      assert.strictEqual(result.results[0]?.summary, "so far")
      assert.strictEqual(result.status, "completed")
    }))

  it.effect("a task that hangs holds none of the others", () =>
    Effect.gen(function*() {
      const othersDone = yield* Deferred.make<void>()
      const seen = nothingSeen()
      const run = yield* Effect.fork(runInMemory({
        tasks: ["hangs", ...numbered(5)],
        request: { concurrency: 2 },
        script: (job) => job.task.taskId === "hangs" ? Stream.never : succeeds(),
        watch: () => seen.records.size === 5 ? Deferred.succeed(othersDone, undefined) : Effect.void
      }, seen))
      yield* Deferred.await(othersDone)
      assert.deepStrictEqual([...seen.records.keys()], numbered(5))
      yield* Fiber.interrupt(run)
    }))

  it.effect("a watcher that dies harms no task", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const result = yield* runInMemory({
        tasks: ["a", "b"],
        script: succeeds,
        watch: () => Effect.die("a reader's bug")
      }, seen)
      assert.deepStrictEqual(result.results.map((task) => task.status), ["success", "success"])
      assert.strictEqual(seen.events.at(-1)?._tag, "RunFinished")
    }))

  it.effect("a worktree that can't be made", () =>
    Effect.gen(function*() {
      const result = yield* runInMemory({
        tasks: ["a"],
        script: succeeds,
        acquire: () => Effect.fail(new WorktreeFailed({ path: "/w", reason: "no room" }))
      })
      assert.strictEqual(result.results[0]?.status, "failed")
      assert.deepStrictEqual(result.results[0]?.error, {
        kind: "worktree",
        message: "cannot make the worktree /w: no room"
      })
    }))

  it.effect("a log that can't be kept", () =>
    Effect.gen(function*() {
      const result = yield* runInMemory({
        tasks: ["a"],
        script: () => Stream.fail(new StoreFailed({ path: "/log", reason: "ENOSPC" }))
      })
      assert.strictEqual(result.results[0]?.error?.kind, "disk")
    }))
})

describe("capture", () => {
  it.effect("that fails keeps the worktree, and the result says where", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const { results: [result] } = yield* runInMemory({
        tasks: ["a"],
        script: succeeds,
        capture: ({ worktree }) => Effect.fail(new CaptureFailed({ worktree: worktree.path, reason: "no disk" }))
      }, seen)
      assert.strictEqual(result?.status, "failed")
      assert.strictEqual(result?.error?.kind, "patch")
      assert.include(result?.error?.message, "no disk")
      assert.include(result?.notes_for_manager, result?.workspace_path)
      assert.isFalse(result?.patch_applicable)
      assert.deepStrictEqual([...seen.kept], ["a"])
    }))

  it.effect("that dies keeps the worktree too", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const { results: [result] } = yield* runInMemory(
        { tasks: ["a"], script: succeeds, capture: () => Effect.die(new Error("a bug in capture")) },
        seen
      )
      assert.strictEqual(result?.status, "failed")
      assert.include(result?.error?.message, "a bug in capture")
      assert.include(result?.notes_for_manager, result?.workspace_path)
      assert.deepStrictEqual([...seen.kept], ["a"])
    }))

  it.effect("that throws where it should fail keeps the worktree too", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const throws = () => {
        throw new Error("a bug before capture")
      }
      const { results: [result] } = yield* runInMemory({ tasks: ["a"], script: succeeds, capture: throws }, seen)
      assert.strictEqual(result?.status, "failed")
      assert.include(result?.error?.message, "a bug before capture")
      assert.deepStrictEqual([[...seen.kept], [...seen.worktrees]], [["a"], []])
    }))

  it.effect("is followed by a bug: the worktree stays, and the task has its result", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      let records = 0
      const { results: [result] } = yield* runInMemory({
        tasks: ["a"],
        script: succeeds,
        beforeRecord: () => records++ === 0 ? Effect.die(new Error("a bug in the record")) : Effect.void
      }, seen)
      assert.strictEqual(result?.status, "failed")
      assert.strictEqual(result?.error?.kind, "internal")
      assert.include(result?.notes_for_manager, result?.workspace_path)
      assert.strictEqual(seen.records.get("a")?.status, "failed")
      assert.deepStrictEqual([...seen.kept], ["a"])
    }))

  it.effect("that misses something keeps the worktree", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const { results: [result] } = yield* runInMemory({
        tasks: ["a"],
        script: succeeds,
        capture: () =>
          Effect.succeed({
            files: [],
            links: new Map(),
            disposable: [],
            violations: [{ kind: "too_large", detail: "\"big\" is too large" }],
            incomplete: ["\"big\" is too large"],
            patch: null,
            ref: null,
            applies: { onBase: true, onHead: true, log: "" }
          })
      }, seen)
      assert.strictEqual(result?.error?.kind, "policy")
      assert.deepStrictEqual([...seen.kept], ["a"])
    }))

  it.effect("comes after a timeout as well, whose error it doesn't hide", () =>
    Effect.gen(function*() {
      const run = yield* Effect.fork(runInMemory({
        tasks: ["a"],
        script: hangsAfter(),
        capture: ({ worktree }) => Effect.fail(new CaptureFailed({ worktree: worktree.path, reason: "no disk" }))
      }))
      yield* TestClock.adjust("300 seconds")
      const { results: [result] } = yield* Fiber.join(run)
      assert.strictEqual(result?.status, "timeout")
      assert.include(result?.notes_for_manager, "no disk")
    }))
})

describe("what the report can't be made of", () => {
  it.effect("is told as such, with the ref under which the work is", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const result = yield* runInMemory({
        tasks: ["a", "b"],
        script: succeeds,
        capture: ({ ref }) =>
          Effect.succeed({
            files: [{ path: "src/a.ts", status: "A", oldMode: "000000", newMode: "100644", added: 1, deleted: 0 }],
            links: new Map(),
            disposable: [],
            violations: [],
            incomplete: [],
            patch: { path: "/nonexistent/patch.diff", bytes: 1 },
            ref,
            applies: { onBase: true, onHead: true, log: "" }
          })
      }, seen)
      assert.deepStrictEqual(result.results.map((task) => task.status), ["failed", "failed"])
      assert.deepStrictEqual(result.results.map((task) => task.error?.kind), ["internal", "internal"])
      assert.strictEqual(result.results[0]?.ref, "refs/codex-runner/run/a")
      assert.isFalse(result.results[0]?.patch_applicable)
      assert.strictEqual(seen.records.size, 2)
    }))
})

describe("keep_worktrees", () => {
  const keptWith = (keep_worktrees: "never" | "on_failure" | "always") =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      yield* runInMemory({
        tasks: ["good", "bad"],
        config: { keep_worktrees },
        script: byTask({ good: succeeds, bad: () => Stream.make(ends(1)) })
      }, seen)
      return [...seen.kept].sort()
    })

  it.effect("never, on_failure, always", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* keptWith("never"), [])
      assert.deepStrictEqual(yield* keptWith("on_failure"), ["bad"])
      assert.deepStrictEqual(yield* keptWith("always"), ["bad", "good"])
    }))
})

describe("a final record that can't be kept", () => {
  it.effect("fails its task with `disk`, and no other", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const result = yield* runInMemory({ tasks: ["a", "b"], script: succeeds, unrecordable: ["a"] }, seen)
      assert.deepStrictEqual(result.results.map((task) => task.status), ["failed", "success"])
      assert.strictEqual(result.results[0]?.error?.kind, "disk")
      const told = seen.events.flatMap((event) => event._tag === "TaskFinished" ? [event.result.status] : [])
      assert.sameMembers(told, ["failed", "success"])
      assert.deepStrictEqual(seen.runs, [result])
    }))
})

describe("order and concurrency", () => {
  it.effect("results come in the order of the request, whatever finished first", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const gates = { c: yield* Deferred.make<void>(), a: yield* Deferred.make<void>() }
      const result = yield* runInMemory({
        tasks: ["c", "a", "b"],
        request: { concurrency: 3 },
        script: byTask({ c: once(gates.c), a: once(gates.a), b: succeeds }),
        watch: (event) => {
          if (event._tag !== "TaskFinished") return Effect.void
          return Deferred.succeed(event.task_id === "b" ? gates.a : gates.c, undefined)
        }
      }, seen)
      assert.deepStrictEqual([...seen.records.keys()], ["b", "a", "c"])
      assert.deepStrictEqual(result.results.map((task) => task.task_id), ["c", "a", "b"])
    }))

  /** Runs so many tasks that no one ends before `atOnce` of them were seen together. */
  const crowd = (options: {
    readonly count: number
    readonly atOnce: number
    readonly concurrency: number
    readonly policy: "normal" | "conservative"
    /** Cancels the run once so many tasks have finished. */
    readonly until?: { readonly finished: number; readonly reached: Deferred.Deferred<void> }
  }) =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const full = yield* Deferred.make<void>()
      let running = 0
      let most = 0
      const enter = Effect.suspend(() => {
        most = Math.max(most, ++running)
        return running === options.atOnce ? Deferred.succeed(full, undefined) : Effect.void
      })
      const leave = Effect.sync(() => void running--)
      const run = yield* Effect.fork(runInMemory({
        tasks: numbered(options.count),
        request: { concurrency: options.concurrency, resource_policy: options.policy },
        script: () => Stream.flatMap(Stream.acquireRelease(enter, () => leave), once(full)),
        watch: () =>
          options.until !== undefined && seen.records.size >= options.until.finished
            ? Deferred.succeed(options.until.reached, undefined)
            : Effect.void
      }, seen))
      if (options.until === undefined) yield* Fiber.join(run)
      else yield* Effect.zipRight(Deferred.await(options.until.reached), Fiber.interrupt(run))
      const [result] = seen.runs
      return { result, most, seen }
    })

  it.effect("no more tasks at a time than asked for, with 1,000 of them waiting", () =>
    Effect.gen(function*() {
      const enough = yield* Deferred.make<void>()
      const { most, result } = yield* crowd({
        count: 1000,
        atOnce: 7,
        concurrency: 7,
        policy: "normal",
        until: { finished: 50, reached: enough }
      })
      assert.strictEqual(most, 7)
      assert.deepStrictEqual(result?.results.map((task) => task.task_id), numbered(1000).map((id) => TaskId.make(id)))
      const statuses = result?.results.map((task) => task.status) ?? []
      assert.isAtLeast(statuses.filter((status) => status === "success").length, 50)
      assert.isAtLeast(statuses.filter((status) => status === "skipped").length, 900)
    }))

  it.effect("no more than there are cores under the conservative policy", () =>
    Effect.gen(function*() {
      const cores = Math.min(64, Math.max(1, Os.availableParallelism()))
      const { most, seen } = yield* crowd({ count: 5 * cores, atOnce: cores, concurrency: 64, policy: "conservative" })
      assert.strictEqual(most, cores)
      const [first] = seen.events
      assert.strictEqual(first?._tag === "RunStarted" ? first.concurrency : null, cores)
    }))

  it.effect("a waiting task has no worktree", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const run = yield* Effect.fork(
        runInMemory({ tasks: numbered(100), request: { concurrency: 3 }, script: hangsAfter() }, seen)
      )
      // The clock moves on only when everything waits.
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual([...seen.worktrees], ["t0", "t1", "t2"])
      yield* Fiber.interrupt(run)
    }))
})

describe("cancelling", () => {
  it.effect("running tasks are cancelled, waiting ones skipped, all recorded, no worktree left", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const halfWay = yield* Deferred.make<void>()
      const run = yield* Effect.fork(runInMemory({
        tasks: ["done", "half", "waits"],
        request: { concurrency: 1 },
        script: byTask({ done: succeeds, half: hangsAfter(says("half way")), waits: succeeds }),
        watch: (event) =>
          event._tag === "TaskCodexEvent" && event.task_id === "half"
            ? Deferred.succeed(halfWay, undefined)
            : Effect.void
      }, seen))
      yield* Deferred.await(halfWay)
      yield* Fiber.interrupt(run)
      const [record] = seen.runs
      assert.isDefined(record)
      assert.strictEqual(record.status, "cancelled")
      assert.deepStrictEqual(record.results.map((task) => task.status), ["success", "cancelled", "skipped"])
      assert.deepStrictEqual(record.results.map((task) => task.error?.kind), [undefined, "cancelled", "cancelled"])
      assert.strictEqual(record.results[1]?.summary, "half way")
      assert.strictEqual(seen.worktrees.size, 0)
      assert.deepStrictEqual(seen.events.at(-1), { _tag: "RunFinished", result: record })
    }))

  it.effect("waits for the capture that is under way, and keeps what it found", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const capturing = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const run = yield* Effect.fork(runInMemory({
        tasks: ["a"],
        script: succeeds,
        capture: () =>
          Deferred.succeed(capturing, undefined).pipe(
            Effect.zipRight(Deferred.await(go)),
            Effect.as(
              {
                files: [{ path: "src/a.ts", status: "A", oldMode: "000000", newMode: "100644", added: 1, deleted: 0 }],
                links: new Map(),
                disposable: [],
                violations: [],
                incomplete: [],
                patch: null,
                ref: "refs/codex-runner/run/a",
                applies: { onBase: true, onHead: true, log: "" }
              } as const
            )
          )
      }, seen))
      yield* Deferred.await(capturing)
      const interrupting = yield* Effect.fork(Fiber.interrupt(run))
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(interrupting)
      assert.strictEqual(seen.runs[0]?.results[0]?.ref, "refs/codex-runner/run/a")
      assert.strictEqual(seen.runs[0]?.results[0]?.status, "success")
    }))
})

describe("events", () => {
  it.effect("a run starts with RunStarted and ends with RunFinished; each task's stages are in order", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      const result = yield* runInMemory({ tasks: ["a", "b"], request: { concurrency: 2 }, script: succeeds }, seen)
      assert.strictEqual(seen.events[0]?._tag, "RunStarted")
      assert.deepStrictEqual(seen.events.at(-1), { _tag: "RunFinished", result })
      for (const id of ["a", "b"]) {
        const stages = seen.events.flatMap((event) => {
          if (event._tag === "TaskStageEntered") return event.task_id === id ? [event.stage] : []
          return event._tag === "TaskFinished" && event.task_id === id ? ["finished"] : []
        })
        assert.deepStrictEqual(stages, ["worktree", "setup", "codex", "capture", "record", "finished"])
      }
    }))

  it.effect("all that Codex said comes between its stage and the capture", () =>
    Effect.gen(function*() {
      const seen = nothingSeen()
      yield* runInMemory({
        tasks: ["a"],
        script: () => Stream.fromIterable([says("1"), says("2"), turnCompleted, ends()])
      }, seen)
      assert.deepStrictEqual(
        seen.events.map((event) => event._tag === "TaskStageEntered" ? event.stage : event._tag),
        [
          "RunStarted",
          "worktree",
          "setup",
          "codex",
          "TaskCodexEvent",
          "TaskCodexEvent",
          "TaskCodexEvent",
          "capture",
          "record",
          "TaskFinished",
          "RunFinished"
        ]
      )
    }))
})
