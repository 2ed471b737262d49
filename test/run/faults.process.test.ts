/** What can happen to a run from outside: its task says so by the right name, the others go on, what is finished stays. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { Runs } from "../../src/Runs.ts"
import { type CodexScript, turn } from "../../src/testing.ts"
import { type GitRepo, gitRepo, writeFiles } from "../support/GitRepo.ts"
import { abandoned } from "./abandoned.ts"
import { leftovers, pipeline, refsOf, requestFor, run, scripts, stateOf, worktreesOf, writes } from "./pipeline.ts"

const early = writes({ "src/early.txt": "early\n" })
const late = writes({ "src/late.txt": "late\n" })

/** Does its work, then this happens, then it ends its turn as if nothing had. */
const struck = (deed: (worktree: string) => void): CodexScript => (job) =>
  Stream.unwrap(Effect.sync(() => {
    writeFiles(job.worktree, { "src/struck.txt": "struck\n" })
    deed(job.worktree)
    return Stream.fromIterable(turn("Done."))
  }))

/** One task that is over, one in which it happens, one that comes after it. */
const runWith = (repo: GitRepo, deed: (worktree: string) => void) =>
  Effect.gen(function*() {
    const request = requestFor(["early", "struck", "late"], { run_id: "r", concurrency: 1 })
    const result = yield* run(request).pipe(
      Effect.provide(pipeline(repo, scripts({ early, struck: struck(deed), late })))
    )
    const [first, hit, last] = result.results
    if (first === undefined || hit === undefined || last === undefined) throw new Error("three results are expected")
    assert.strictEqual(first.status, "success", first.error?.message)
    return { first, hit, last, result }
  })

describe("a worktree that vanishes", () => {
  it.scopedLive("fails its task alone, and nothing is kept of what is not there", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const { hit, last } = yield* runWith(repo, (worktree) => Fs.rmSync(worktree, { recursive: true }))
      assert.deepStrictEqual([hit.status, hit.error?.kind], ["failed", "worktree"])
      assert.strictEqual(last.status, "success")
      assert.deepStrictEqual([worktreesOf(repo), leftovers(repo)], [[repo.root], []])
    }))
})

describe("a base commit that goes", () => {
  it.scopedLive("does not go by git's own tidying, whatever branch is moved away from it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const before = repo.head()
      const base = repo.commit({ "src/second.txt": "second\n" })
      const { hit, last, result } = yield* runWith(repo, () => {
        repo.git("reset", "-q", "--hard", before)
        repo.git("reflog", "expire", "--expire=now", "--all")
        repo.git("gc", "-q", "--prune=now")
      })
      assert.strictEqual(result.base_commit, base)
      assert.deepStrictEqual([hit.status, last.status], ["success", "success"])
      assert.strictEqual(repo.git("show", `${last.ref}:src/second.txt`), "second")
    }))

  it.scopedLive("by force: tasks that need its objects say so, work is kept where it lies, results stand", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const { first, hit, last } = yield* runWith(
        repo,
        () => Fs.rmSync(`${repo.root}/.git/objects`, { recursive: true })
      )
      assert.deepStrictEqual([hit.status, hit.error?.kind], ["failed", "patch"])
      assert.strictEqual(Fs.readFileSync(`${hit.workspace_path}/src/struck.txt`, "utf8"), "struck\n")
      assert.deepStrictEqual([last.status, last.error?.kind], ["failed", "worktree"])
      const stored: unknown = JSON.parse(Fs.readFileSync(`${stateOf(repo)}/runs/r/tasks/early/result.json`, "utf8"))
      assert.deepStrictEqual(stored, JSON.parse(JSON.stringify(first)))
      assert.include(Fs.readFileSync(first.patch_path ?? "", "utf8"), "+early")
    }))
})

describe("a repository that is moved", () => {
  it.scopedLive("tasks that need it say so, work is kept where it lies, results and refs stand", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const away = `${repo.home}/moved`
      const { first, hit, last } = yield* runWith(repo, () => Fs.renameSync(repo.root, away))
      Fs.renameSync(away, repo.root)
      assert.deepStrictEqual([hit.status, hit.error?.kind], ["failed", "patch"])
      assert.strictEqual(Fs.readFileSync(`${hit.workspace_path}/src/struck.txt`, "utf8"), "struck\n")
      assert.deepStrictEqual([last.status, last.error?.kind], ["failed", "worktree"])
      assert.include(refsOf(repo), first.ref)
      assert.strictEqual(repo.git("show", `${first.ref}:src/early.txt`), "early")
    }))
})

describe("a run that can't be put on record", () => {
  const status = (repo: GitRepo) =>
    Effect.gen(function*() {
      const runs = yield* Runs
      const { summary } = yield* runs.find("r")
      return [summary.status, summary.tasks.map(({ state }) => state)]
    }).pipe(Effect.provide(pipeline(repo, early)))

  it.scopedLive("at its end: it counts as interrupted, though its runner lives on, and can be resumed", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const draft = (worktree: string) => `${worktree}/../../../runs/r/result.json.${process.pid}.draft`
      yield* runWith(repo, (worktree) => Fs.mkdirSync(draft(worktree)))
      assert.deepStrictEqual(yield* status(repo), ["interrupted", ["success", "success", "success"]])
      Fs.rmdirSync(`${stateOf(repo)}/runs/r/result.json.${process.pid}.draft`)
      const result = yield* Effect.flatMap(CodexRunner, (runner) => runner.resume("r")).pipe(
        Effect.provide(pipeline(repo, () => Stream.die("nothing is left to run")))
      )
      assert.strictEqual(result.status, "completed")
    }))

  it.scopedLive("at its start: it is refused, and its name is free again", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const key = `${repo.home}/state/codex-runner/signing-key.pem`
      writeFiles(repo.home, { "state/codex-runner/signing-key.pem": "no key" })
      const start = run(requestFor(["early"], { run_id: "r" })).pipe(Effect.provide(pipeline(repo, early)))
      assert.include((yield* Effect.flip(start)).message, key)
      Fs.rmSync(key)
      assert.strictEqual((yield* start).status, "completed")
    }))

  it.scopedLive("that is interrupted while somebody is told of its start is cancelled, not at work for ever", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const told = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const runner = yield* CodexRunner
        const fiber = yield* Effect.fork(
          runner.run(requestFor(["early"], { run_id: "r" }), (event) =>
            event._tag === "RunStarted"
              ? Effect.zipRight(Deferred.succeed(told, undefined), Effect.never)
              : Effect.void)
        )
        yield* Deferred.await(told)
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.provide(pipeline(repo, early)))
      assert.deepStrictEqual(yield* status(repo), ["cancelled", ["skipped"]])
      assert.deepStrictEqual([refsOf(repo), worktreesOf(repo), leftovers(repo)], [[], [repo.root], []])
    }))
})

describe("a run that can't be taken over", () => {
  it.scopedLive("for want of a key: it stays interrupted, and is resumed by the same process later", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      const key = `${repo.home}/state/codex-runner/signing-key.pem`
      Fs.renameSync(key, `${key}.away`)
      Fs.writeFileSync(key, "no key")
      const resume = Effect.flatMap(CodexRunner, (runner) => runner.resume("r")).pipe(
        Effect.provide(pipeline(repo, early))
      )
      assert.include((yield* Effect.flip(resume)).message, key)
      Fs.renameSync(`${key}.away`, key)
      assert.strictEqual((yield* resume).status, "completed")
    }))
})

describe("work of a run that is not on record here", () => {
  it.scopedLive("is not overwritten by a new one of the same name", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const start = (state: string) =>
        run(requestFor(["early"], { run_id: "r" })).pipe(
          Effect.provide(pipeline(repo, early, { env: { ...repo.env, XDG_STATE_HOME: `${repo.home}/${state}` } }))
        )
      yield* start("one")
      const work = repo.git("rev-parse", "refs/codex-runner/r/early")
      const refused = yield* Effect.flip(start("two"))
      assert.deepStrictEqual(refused.problems.map(({ at }) => at), ["run_id"])
      assert.include(refused.message, "refs/codex-runner/r/")
      assert.strictEqual(repo.git("rev-parse", "refs/codex-runner/r/early"), work)
      assert.strictEqual((yield* start("one")).status, "completed", "the same run, where it is on record")
    }))
})
