import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Codex, type CodexOutput } from "../src/codex/Codex.ts"
import { CodexMissing } from "../src/codex/locate.ts"
import { CodexRunner } from "../src/CodexRunner.ts"
import { RunResult } from "../src/domain/Result.ts"
import type { RunEvent } from "../src/domain/RunEvent.ts"
import type { RunRequest } from "../src/domain/Task.ts"
import { turn } from "../src/testing.ts"
import { leftovers, pipeline, requestFor, runnerWith, stateOf, worktreesOf, writes } from "./run/pipeline.ts"
import { type GitRepo, gitRepo } from "./support/GitRepo.ts"

const events = (request: RunRequest) => Stream.unwrap(Effect.map(CodexRunner, (runner) => runner.events(request)))

const decodeResult = Schema.decodeUnknownSync(Schema.parseJson(RunResult))

const recordOf = (repo: GitRepo, runId: string) =>
  decodeResult(Fs.readFileSync(Path.join(stateOf(repo), "runs", runId, "result.json"), "utf8"))

const says = (text: string): CodexOutput => ({
  _tag: "Event",
  event: { type: "item.completed", item: { type: "agent_message", id: "item_0", text } }
})

const textOf = (event: RunEvent): string | undefined =>
  event._tag === "TaskCodexEvent" && event.event.type === "item.completed" && event.event.item.type === "agent_message"
    ? event.event.item.text
    : undefined

/** Says so many things, tells how many it has said, and ends well. */
const chatters = (count: number, said: (n: number) => Effect.Effect<unknown>) => () =>
  Stream.range(1, count).pipe(
    Stream.rechunk(1),
    Stream.tap(said),
    Stream.map((n) => says(String(n))),
    Stream.concat(Stream.fromIterable(turn("done")))
  )

describe("CodexRunner.events", () => {
  it.scoped("starts with RunStarted, ends with RunFinished, which holds what run would have given", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const all = yield* Stream.runCollect(events(requestFor(["a", "b"], { run_id: "r" })))
        .pipe(Effect.map(Chunk.toReadonlyArray), Effect.provide(pipeline(repo, writes({ "src/a.ts": "a\n" }))))
      assert.strictEqual(all[0]?._tag, "RunStarted")
      assert.deepStrictEqual(all.at(-1), { _tag: "RunFinished", result: recordOf(repo, "r") })
      assert.strictEqual(all.filter((event) => event._tag === "TaskFinished").length, 2)
    }))

  it.scoped("a refused request fails the stream, with every problem and no event", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const codex = Layer.succeed(Codex, {
        open: () => Effect.fail(new CodexMissing({ command: "codex", reason: "not in PATH" }))
      })
      const seen: Array<RunEvent> = []
      const rejected = yield* events(requestFor(["a"], { base_ref: "nowhere" })).pipe(
        Stream.runForEach((event) => Effect.sync(() => seen.push(event))),
        Effect.flip,
        Effect.provide(runnerWith(repo, codex))
      )
      assert.deepStrictEqual(seen, [])
      assert.sameMembers(rejected.problems.map((problem) => problem.at), ["codex", "base_ref"])
    }))

  it.scoped("a reader that goes away cancels the run: recorded, its worktree gone", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const script = () => Stream.concat(Stream.make(says("hello")), Stream.never)
      const last = yield* events(requestFor(["a", "b"], { run_id: "r", concurrency: 1 })).pipe(
        Stream.takeUntil((event) => textOf(event) === "hello"),
        Stream.runLast,
        Effect.provide(pipeline(repo, script))
      )
      assert.strictEqual(Option.getOrUndefined(Option.map(last, textOf)), "hello")
      const record = recordOf(repo, "r")
      assert.strictEqual(record.status, "cancelled")
      assert.deepStrictEqual(record.results.map((task) => task.status), ["cancelled", "skipped"])
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
    }))

  it.scoped("a reader that is interrupted while it waits does the same", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const begun = yield* Deferred.make<void>()
      const reader = yield* events(requestFor(["a"], { run_id: "r" })).pipe(
        Stream.runForEach((event) => textOf(event) === "hello" ? Deferred.succeed(begun, undefined) : Effect.void),
        Effect.provide(pipeline(repo, () => Stream.concat(Stream.make(says("hello")), Stream.never))),
        Effect.fork
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(reader)
      assert.strictEqual(recordOf(repo, "r").status, "cancelled")
    }))

  it.scoped("a slow reader loses nothing, though the run gets far ahead of it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const ahead = yield* Deferred.make<void>()
      const texts: Array<string> = []
      // Reads on only once the run has filled what may wait.
      yield* events(requestFor(["a"])).pipe(
        Stream.runForEach((event) =>
          Effect.zipRight(
            event._tag === "TaskStageEntered" && event.stage === "codex" ? Deferred.await(ahead) : Effect.void,
            Effect.sync(() => {
              const text = textOf(event)
              if (text !== undefined) texts.push(text)
            })
          )
        ),
        Effect.provide(
          pipeline(repo, chatters(3000, (n) => n === 1000 ? Deferred.succeed(ahead, undefined) : Effect.void))
        )
      )
      assert.deepStrictEqual(texts, [...Array.from({ length: 3000 }, (_, index) => String(index + 1)), "done"])
    }))

  it.scoped("a reader that goes away while the run waits for it holds nothing up", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const blocked = yield* Deferred.make<void>()
      let said = 0
      const script = chatters(1_000_000, (n) =>
        Effect.suspend(() => {
          said = n
          return n === 1025 ? Deferred.succeed(blocked, undefined) : Effect.void
        }))
      yield* events(requestFor(["a"], { run_id: "r" })).pipe(
        // Never reads past this event.
        Stream.mapEffect((event) =>
          event._tag === "TaskStageEntered" && event.stage === "codex"
            ? Effect.as(Deferred.await(blocked), event)
            : Effect.succeed(event)
        ),
        Stream.takeUntil((event) => event._tag === "TaskStageEntered" && event.stage === "codex"),
        Stream.runDrain,
        Effect.provide(pipeline(repo, script))
      )
      assert.strictEqual(recordOf(repo, "r").status, "cancelled")
      // The run had waited: it was not let run ahead without a bound.
      assert.isBelow(said, 10_000)
    }))
})

describe("CodexRunner.run", () => {
  it.scoped("its watcher is told of the end, also where the run was interrupted", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const begun = yield* Deferred.make<void>()
      const seen: Array<string> = []
      const fiber = yield* Effect.flatMap(CodexRunner, (runner) =>
        runner.run(requestFor(["a"]), (event) =>
          Effect.zipRight(
            Effect.sync(() =>
              seen.push(event._tag === "RunFinished" ? event.result.status : event._tag)
            ),
            textOf(event) === "hello" ? Deferred.succeed(begun, undefined) : Effect.void
          ))).pipe(
          Effect.provide(pipeline(repo, () => Stream.concat(Stream.make(says("hello")), Stream.never))),
          Effect.fork
        )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen.slice(-2), ["TaskFinished", "cancelled"])
    }))

  it.scoped("two runs at once on one repository don't get in each other's way", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const runs = yield* Effect.flatMap(CodexRunner, (runner) =>
        Effect.all(
          ["one", "two", "three"].map((run_id) => runner.run(requestFor(["a", "b"], { run_id, concurrency: 2 }))),
          { concurrency: 3 }
        )).pipe(Effect.provide(pipeline(repo, writes({ "src/a.ts": "a\n" }))))
      const statuses = runs.flatMap((run) => run.results.map((task) => task.status))
      assert.deepStrictEqual(statuses, Array.from({ length: 6 }, () => "success"))
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
    }))

  it.scoped("made-up ids are ordered by time", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const ids = yield* Effect.flatMap(CodexRunner, (runner) =>
        Effect.forEach([1, 2, 3], (day) =>
          Effect.zipRight(
            TestClock.setTime(day * 24 * 60 * 60 * 1000),
            runner.run(requestFor(["a"], { dry_run: true }))
          ))).pipe(
          Effect.map((runs) => runs.map((run) => run.run_id)),
          Effect.provide(pipeline(repo, () => Stream.empty))
        )
      assert.deepStrictEqual([...ids].sort(), ids)
      assert.match(ids[0] ?? "", /^19700102-000000-[0-9a-f]{8}$/)
    }))
})
