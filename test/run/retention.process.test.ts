import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { gitRepo } from "../support/GitRepo.ts"
import { leftovers, pipeline, refsOf, requestFor, run, stateOf, writes } from "./pipeline.ts"

describe("retention", () => {
  it.scoped("deletes the oldest runs beyond the limit, with their refs, to the last byte", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const runs = () => Fs.readdirSync(Path.join(stateOf(repo), "runs")).sort()
      yield* Effect.gen(function*() {
        // Named against their order in time.
        for (const run_id of ["d", "c", "b", "a"]) {
          yield* run(requestFor(["task"], { run_id }))
          yield* TestClock.adjust("1 seconds")
        }
        assert.deepStrictEqual(leftovers(repo), [])
        assert.deepStrictEqual(runs(), ["a", "b"])
        assert.deepStrictEqual(refsOf(repo), ["refs/codex-runner/a/task", "refs/codex-runner/b/task"])
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/a.ts": "a\n" }), { config: { max_runs_retained: 2 } })))
    }))

  it.scoped("spares a run whose worktree was kept, and one that has not ended", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const one = (run_id: string, keep_worktrees: "always" | "never") =>
        run(requestFor(["task"], { run_id })).pipe(
          Effect.provide(
            pipeline(repo, writes({ "src/a.ts": "a\n" }), { config: { max_runs_retained: 1, keep_worktrees } })
          ),
          Effect.zipRight(TestClock.adjust("1 seconds"))
        )
      yield* one("kept", "always")
      yield* one("open", "never")
      Fs.rmSync(Path.join(stateOf(repo), "runs/open/result.json"))
      yield* one("old", "never")
      yield* one("new", "never")
      assert.deepStrictEqual(Fs.readdirSync(Path.join(stateOf(repo), "runs")).sort(), ["kept", "new", "open"])
      assert.deepStrictEqual(refsOf(repo), ["kept", "new", "open"].map((id) => `refs/codex-runner/${id}/task`))
      assert.isTrue(Fs.existsSync(Path.join(stateOf(repo), "worktrees/kept/kept-task/src/a.ts")))
    }))

  it.scoped("never deletes the run that has just ended, also where the clock went back", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        yield* TestClock.setTime(1_000_000)
        yield* run(requestFor(["task"], { run_id: "first" }))
        yield* TestClock.setTime(0)
        yield* run(requestFor(["task"], { run_id: "second" }))
        assert.include(Fs.readdirSync(Path.join(stateOf(repo), "runs")), "second")
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/a.ts": "a\n" }), { config: { max_runs_retained: 1 } })))
    }))

  it.scoped("leaves other refs of the user's alone", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      repo.git("update-ref", "refs/codex-runner/a-other/task", "HEAD")
      repo.git("branch", "a")
      yield* Effect.gen(function*() {
        yield* run(requestFor(["task"], { run_id: "a" }))
        yield* TestClock.adjust("1 seconds")
        yield* run(requestFor(["task"], { run_id: "b" }))
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/a.ts": "a\n" }), { config: { max_runs_retained: 1 } })))
      assert.deepStrictEqual(refsOf(repo), ["refs/codex-runner/a-other/task", "refs/codex-runner/b/task"])
      assert.strictEqual(repo.git("rev-parse", "a"), repo.head())
    }))
})
