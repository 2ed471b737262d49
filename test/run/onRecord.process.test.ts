/** Runs looked at, waited for, ended and resumed by others than the fiber that runs them. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { Codex } from "../../src/codex/Codex.ts"
import { CodexRunner } from "../../src/CodexRunner.ts"
import type { RunResult } from "../../src/domain/Result.ts"
import type { RunEvent } from "../../src/domain/RunEvent.ts"
import { Runs } from "../../src/Runs.ts"
import type { CodexScript } from "../../src/testing.ts"
import { turn } from "../../src/testing.ts"
import { type GitRepo, gitRepo } from "../support/GitRepo.ts"
import { abandoned, lingers } from "./abandoned.ts"
import { leftovers, pipeline, refsOf, requestFor, run, runnerWith, stateOf, worktreesOf, writes } from "./pipeline.ts"

const statusesOf = (result: { readonly results: ReadonlyArray<{ readonly status: string }> }) =>
  result.results.map(({ status }) => status)

describe("a run in the background", () => {
  it.scopedLive("is on record as soon as it has begun, goes on, and is waited for by its name", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const go = yield* Deferred.make<void>()
      const script: CodexScript = (job) =>
        Stream.concat(Stream.drain(Stream.fromEffect(Deferred.await(go))), writes({ "src/a.txt": "a\n" })(job))
      yield* Effect.gen(function*() {
        const runner = yield* CodexRunner
        const runs = yield* Runs
        const id = yield* runner.start(requestFor(["a", "b"], { run_id: "back", concurrency: 1 }))
        assert.strictEqual(id, "back")
        const early = yield* runs.wait("back", 0)
        assert.strictEqual(early.summary.status, "running")
        assert.deepStrictEqual(early.result.results, [])
        yield* Deferred.succeed(go, undefined)
        const { result, summary } = yield* runs.wait("ba", "1 minute")
        assert.strictEqual(summary.status, "completed")
        assert.deepStrictEqual(summary.tasks.map(({ state }) => state), ["success", "success"])
        assert.deepStrictEqual(statusesOf(result), ["success", "success"])
        assert.deepStrictEqual((yield* runs.list).map(({ run_id }) => run_id), ["back"])
      }).pipe(Effect.scoped, Effect.provide(pipeline(repo, script)))
    }))

  it.scopedLive("that is refused says so to its starter, and leaves nothing on record", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        const runner = yield* CodexRunner
        const runs = yield* Runs
        const refused = yield* Effect.flip(runner.start(requestFor(["a"], { base_ref: "nowhere" })))
        assert.deepStrictEqual(refused.problems.map(({ at }) => at), ["base_ref"])
        assert.deepStrictEqual(yield* runs.list, [])
      }).pipe(Effect.scoped, Effect.provide(pipeline(repo, () => Stream.fromIterable(turn("done")))))
    }))

  it.scopedLive("is watched from its first task to its end", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const seen: Array<string> = []
      yield* Effect.gen(function*() {
        const runner = yield* CodexRunner
        const runs = yield* Runs
        const id = yield* runner.start(requestFor(["good-1", "good-2"], { concurrency: 1 }))
        yield* Stream.runForEach(runs.watch(id), ({ status, tasks }) =>
          Effect.sync(() => seen.push(`${status} ${tasks.map(({ state }) => state).join(" ")}`)))
      }).pipe(Effect.scoped, Effect.provide(pipeline(repo, writes({ "src/a.txt": "a\n" }))))
      assert.strictEqual(seen.at(-1), "completed success success")
      assert.isTrue(seen[0]?.startsWith("running"), seen[0])
      assert.strictEqual(new Set(seen).size, seen.length, "told where something has changed, and then alone")
    }))
})

describe("cancelling a run by its name", () => {
  it.scopedLive("ends it gracefully, what was done is kept; again is harmless; whoever ran it gets its result", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const begun = yield* Deferred.make<void>()
      const ran = yield* Effect.gen(function*() {
        const runs = yield* Runs
        const fiber = yield* Effect.fork(run(requestFor(["good-1", "slow", "good-2"], { run_id: "r", concurrency: 1 })))
        yield* Deferred.await(begun)
        const { result, summary } = yield* runs.cancel("r")
        assert.strictEqual(summary.status, "cancelled")
        assert.deepStrictEqual(statusesOf(result), ["success", "cancelled", "skipped"])
        const again = yield* runs.cancel("r")
        assert.deepStrictEqual(again.result, result)
        return [yield* Fiber.join(fiber), result] as const
      }).pipe(Effect.provide(pipeline(repo, lingers(begun))))
      assert.deepStrictEqual(ran[0], ran[1])
      assert.strictEqual(repo.git("show", "refs/codex-runner/r/slow:src/half.txt"), "half")
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
    }))

  it.scopedLive("a run that nobody knows is refused, with the latest", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const refused = yield* Effect.gen(function*() {
        yield* run(requestFor(["good"], { run_id: "known" }))
        return yield* Effect.flip(Effect.flatMap(Runs, (runs) => runs.cancel("unknown-run")))
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/a.txt": "a\n" }))))
      assert.include(refused.message, "known")
    }))
})

describe("a runner that is abandoned", () => {
  it.scopedLive("records nothing any more; its run is interrupted, and its work is safe after the next look", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      const [summary] = yield* Effect.flatMap(Runs, (runs) => runs.list).pipe(
        Effect.provide(pipeline(repo, writes({})))
      )
      assert.strictEqual(summary?.status, "interrupted")
      assert.deepStrictEqual(summary?.tasks.map(({ state }) => state), ["success", "waiting", "waiting"])
      assert.strictEqual(repo.git("show", "refs/codex-runner/r/slow:src/half.txt"), "half")
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
    }))
})

describe("resuming a run", () => {
  const resume = (repo: GitRepo, script: CodexScript, name = "r", watch?: (event: RunEvent) => Effect.Effect<void>) =>
    Effect.flatMap(CodexRunner, (runner) => runner.resume(name, watch)).pipe(Effect.provide(pipeline(repo, script)))

  it.scopedLive("keeps what is final, runs the rest from the same commit, and loses nothing of the first attempt", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const base = repo.head()
      yield* abandoned(repo)
      repo.commit({ "later.txt": "later\n" })
      const started: Array<string> = []
      const finished: Array<string> = []
      const result = yield* resume(
        repo,
        (job) => {
          started.push(job.task.taskId)
          return writes({ "src/again.txt": "again\n" })(job)
        },
        "last",
        (event) =>
          Effect.sync(() => {
            if (event._tag === "TaskFinished") finished.push(event.task_id)
          })
      )
      assert.deepStrictEqual(started, ["slow", "good-2"])
      assert.deepStrictEqual(finished, ["good-1", "slow", "good-2"])
      assert.strictEqual(result.status, "completed")
      assert.strictEqual(result.base_commit, base)
      assert.deepStrictEqual(statusesOf(result), ["success", "success", "success"])
      assert.strictEqual(repo.git("show", "refs/codex-runner/r/slow:src/again.txt"), "again")
      assert.strictEqual(repo.git("show", "refs/codex-runner/r/slow@1:src/half.txt"), "half")
      assert.strictEqual(repo.git("rev-parse", "refs/codex-runner/r/slow^"), base)
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
      const again = yield* resume(repo, () => Stream.die("nothing is left to run"))
      assert.deepStrictEqual(again, result)
    }))

  it.scopedLive("its records hold, before and after, and a changed one shows", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      const verify = Effect.flatMap(CodexRunner, (runner) => runner.verify("r")).pipe(
        Effect.provide(pipeline(repo, writes({}))),
        Effect.map(([verdict]) => verdict?.problems)
      )
      assert.deepStrictEqual(yield* verify, [])
      yield* resume(repo, writes({ "src/again.txt": "again\n" }))
      assert.deepStrictEqual(yield* verify, [])
      Fs.appendFileSync(`${stateOf(repo)}/runs/r/tasks/slow/result.json`, " ")
      assert.lengthOf((yield* verify) ?? [], 1)
    }))

  it.scopedLive("goes on with a cancelled one, and again after it was cancelled again", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      for (const round of [1, 2]) {
        const begun = yield* Deferred.make<void>()
        const cancelled = yield* Effect.gen(function*() {
          const runner = yield* CodexRunner
          const work = round === 1
            ? runner.run(requestFor(["slow", "good"], { run_id: "r", concurrency: 1 }))
            : runner.resume("r")
          const fiber = yield* Effect.fork(work)
          yield* Deferred.await(begun)
          yield* Effect.flatMap(Runs, (runs) => runs.cancel("r"))
          return yield* Fiber.join(fiber)
        }).pipe(Effect.provide(pipeline(repo, lingers(begun))))
        assert.deepStrictEqual(statusesOf(cancelled), ["cancelled", "skipped"])
      }
      const result = yield* resume(repo, writes({ "src/again.txt": "again\n" }))
      assert.deepStrictEqual(statusesOf(result), ["success", "success"])
      assert.deepStrictEqual(
        refsOf(repo),
        ["good", "slow", "slow@1", "slow@2"].map((name) => `refs/codex-runner/r/${name}`)
      )
      assert.deepStrictEqual(
        Fs.readdirSync(`${stateOf(repo)}/runs/r/tasks/slow/attempts`).sort(),
        ["1", "2"]
      )
    }))

  it.scopedLive("of two at the same time one is refused, and the run is run once", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      const started: Array<string> = []
      const script: CodexScript = (job) => {
        started.push(job.task.taskId)
        return writes({ "src/again.txt": "again\n" })(job)
      }
      const both = yield* Effect.all([1, 2].map(() => Effect.exit(resume(repo, script))), { concurrency: 2 })
      const refused = both.filter(Exit.isFailure)
      // Where one was done before the other looked, both have its result.
      assert.isAtMost(refused.length, 1)
      for (const exit of refused) assert.include(String(exit.cause), "is running")
      assert.deepStrictEqual([...started].sort(), ["good-2", "slow"])
    }))

  it.scopedLive("gives what another process has made of it while Codex was looked at, and runs nothing again", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      const quicker = yield* Deferred.make<RunResult>()
      const slow = Layer.succeed(Codex, {
        open: () =>
          Effect.gen(function*() {
            yield* Deferred.succeed(quicker, yield* Effect.orDie(resume(repo, writes({ "src/again.txt": "again\n" }))))
            return {
              version: "0.0.0",
              subject: null,
              searchPath: "",
              warnings: [],
              run: () => Stream.die("nothing is left to run"),
              hasThread: () => false
            }
          })
      })
      const result = yield* Effect.flatMap(CodexRunner, (runner) => runner.resume("r")).pipe(
        Effect.provide(runnerWith(repo, slow))
      )
      assert.deepStrictEqual(result, yield* Deferred.await(quicker))
      assert.deepStrictEqual(result.results.map(({ status }) => status), ["success", "success", "success"])
      assert.isUndefined(refsOf(repo).find((ref) => ref.endsWith("good-2@1")))
    }))

  it.scopedLive("is refused where its base commit is gone, and the run stays as it was", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const base = repo.head()
      yield* abandoned(repo, { ids: ["slow"] })
      repo.git("checkout", "-q", "--orphan", "other")
      repo.commit({ "other.txt": "other\n" })
      repo.git("branch", "-qD", "main")
      Fs.rmSync(`${repo.root}/.git/objects/${base.slice(0, 2)}/${base.slice(2)}`)
      const refused = yield* Effect.flip(resume(repo, writes({})))
      assert.include(refused.message, base)
      assert.include(refused.message, "no longer in the repository")
    }))

  it.scopedLive("is refused while it runs", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const begun = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const runner = yield* CodexRunner
        yield* runner.start(requestFor(["slow"], { run_id: "r" }))
        yield* Deferred.await(begun)
        const refused = yield* Effect.flip(runner.resume("r"))
        assert.include(refused.message, "codex-runner cancel r")
      }).pipe(Effect.scoped, Effect.provide(pipeline(repo, lingers(begun))))
    }))
})
