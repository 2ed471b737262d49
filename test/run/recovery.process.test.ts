/** What the next start makes of a run whose runner died, where that is not the plain case. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { Codex, type CodexJob } from "../../src/codex/Codex.ts"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { Runs } from "../../src/Runs.ts"
import { type CodexScript, failedTurn, turn } from "../../src/testing.ts"
import { type GitRepo, gitRepo, writeFiles } from "../support/GitRepo.ts"
import { until } from "../support/until.ts"
import { abandoned, disowned, lingers } from "./abandoned.ts"
import {
  filesBelow,
  leftovers,
  pipeline,
  refsOf,
  requestFor,
  run,
  runnerWith,
  stateOf,
  worktreesOf,
  writes
} from "./pipeline.ts"

const resumed = Effect.flatMap(CodexRunner, (runner) => runner.resume("r"))

const look = (repo: GitRepo) =>
  Effect.flatMap(Runs, (runs) => runs.list).pipe(Effect.provide(pipeline(repo, writes({}))))

/** A cancelled run `r`, its one task's worktree kept: and with it something that no ref holds. */
const cancelledAndKept = (repo: GitRepo) =>
  Effect.gen(function*() {
    const begun = yield* Deferred.make<void>()
    yield* Effect.gen(function*() {
      const fiber = yield* Effect.fork(run(requestFor(["slow"], { run_id: "r" })))
      yield* Deferred.await(begun)
      yield* Effect.flatMap(Runs, (runs) => runs.cancel("r"))
      yield* Fiber.join(fiber)
    }).pipe(Effect.provide(pipeline(repo, lingers(begun), { config: { keep_worktrees: "always" } })))
    writeFiles(`${stateOf(repo)}/worktrees/r/r-slow`, { "only-here.txt": "only here\n" })
  })

describe("a run with a kept worktree", () => {
  it.scopedLive("is resumed, the kept one set aside", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* cancelledAndKept(repo)
      const result = yield* resumed.pipe(Effect.provide(pipeline(repo, writes({ "src/again.txt": "again\n" }))))
      assert.deepStrictEqual(result.results.map(({ error, status }) => [status, error]), [["success", null]])
      assert.include(filesBelow(`${stateOf(repo)}/worktrees/r/r-slow@1`), "only-here.txt")
    }))

  it.scopedLive("keeps it when it was resumed and the runner died", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* cancelledAndKept(repo)
      yield* abandoned(repo, { work: resumed })
      yield* look(repo)
      assert.deepStrictEqual(refsOf(repo), ["refs/codex-runner/r/slow", "refs/codex-runner/r/slow@1"])
      assert.include(filesBelow(`${stateOf(repo)}/worktrees/r/r-slow@1`), "only-here.txt")
    }))
})

describe("a resumed run whose runner died", () => {
  it.scopedLive("in mid-setup: what setup made is not taken for work of the task, which had begun before", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      yield* abandoned(repo, {
        work: resumed,
        options: { config: { setup: { commands: ["echo half > setup.txt; sleep 1000"] } } },
        until: until(() => Fs.existsSync(`${stateOf(repo)}/worktrees/r/r-slow/setup.txt`))
      })
      const [summary] = yield* look(repo)
      assert.deepStrictEqual([summary?.status, summary?.kept_worktrees], ["interrupted", []])
      assert.deepStrictEqual(refsOf(repo), ["good-1", "slow@1"].map((name) => `refs/codex-runner/r/${name}`))
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
    }))
})

describe("a run that asked for its worktrees to stay, and whose runner died", () => {
  it.scopedLive("has them still, whatever is asked of whoever clears up", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo, { options: { config: { keep_worktrees: "always" } } })
      const [summary] = yield* look(repo)
      assert.deepStrictEqual(summary?.kept_worktrees, [`${stateOf(repo)}/worktrees/r/r-good-1`])
    }))
})

describe("a task whose session was kept, and whose next attempt ended before its Codex began", () => {
  it.scopedLive("goes on in its thread, with the work of the attempt before", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo, { ids: ["slow"] })
      Fs.writeFileSync(
        `${stateOf(repo)}/runs/r/tasks/slow/events.jsonl`,
        `${JSON.stringify({ type: "thread.started", thread_id: "kept" })}\n`
      )
      yield* abandoned(repo, {
        work: resumed,
        options: { config: { setup: { commands: ["echo half > setup.txt; sleep 1000"] } } },
        until: until(() => Fs.existsSync(`${stateOf(repo)}/worktrees/r/r-slow/setup.txt`))
      })
      const seen: Array<unknown> = []
      const session = {
        version: "0.0.0",
        subject: null,
        searchPath: "",
        warnings: [],
        hasThread: () => true,
        run: (job: CodexJob) =>
          Stream.suspend(() => {
            seen.push([job.thread, Fs.existsSync(`${job.worktree}/src/half.txt`)])
            return Stream.fromIterable(turn("Done."))
          })
      }
      yield* resumed.pipe(
        Effect.provide(
          runnerWith(repo, Layer.succeed(Codex, { open: () => Effect.succeed(session) }), {
            config: { codex_ephemeral: false }
          })
        )
      )
      assert.deepStrictEqual(seen, [["kept", true]])
    }))
})

describe("a result that was on record when its runner died, and not yet in its place", () => {
  /** A run of which both results are so. */
  const betweenTwoSteps = (repo: GitRepo) =>
    Effect.gen(function*() {
      yield* run(requestFor(["good"], { run_id: "r" }))
      const results = ["", "tasks/good/"].map((folder) => `${stateOf(repo)}/runs/r/${folder}result.json`)
      for (const file of results) Fs.renameSync(file, `${file}.77.draft`)
      disowned(repo, "r")
      return results
    })
  const verdict = Effect.flatMap(CodexRunner, (runner) => runner.verify("r"))

  it.scopedLive("is put there by the next start: the run is whole, and its records hold", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        yield* betweenTwoSteps(repo)
        const [summary] = yield* Effect.flatMap(Runs, (runs) => runs.list)
        assert.deepStrictEqual([summary?.status, summary?.tasks[0]?.state], ["completed", "success"])
        assert.deepStrictEqual((yield* verdict)[0]?.problems, [])
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/a.txt": "a\n" }))))
    }))

  it.scopedLive("unless it is another one: that goes", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        for (const file of yield* betweenTwoSteps(repo)) Fs.appendFileSync(`${file}.77.draft`, " ")
        const [summary] = yield* Effect.flatMap(Runs, (runs) => runs.list)
        assert.strictEqual(summary?.status, "interrupted")
        assert.isEmpty(filesBelow(`${stateOf(repo)}/runs/r`).filter((file) => /result\.json/.test(file)))
        assert.isNotEmpty((yield* verdict)[0]?.problems ?? [])
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/a.txt": "a\n" }))))
    }))
})

describe("a run that was killed with its git, as a container is", () => {
  it.scopedLive("loses nothing to the locks that git left", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      const locks = [
        `${repo.root}/.git/refs/codex-runner/r/slow.lock`,
        ...["base", "baseline", "final"].map((index) => `${stateOf(repo)}/git/r/r-slow.git/index.${index}.lock`)
      ]
      for (const lock of locks) Fs.writeFileSync(lock, "")
      const [summary] = yield* look(repo)
      assert.deepStrictEqual(summary?.kept_worktrees, [])
      assert.strictEqual(repo.git("show", "refs/codex-runner/r/slow:src/half.txt"), "half")
      assert.deepStrictEqual([worktreesOf(repo), leftovers(repo)], [[repo.root], []])
    }))
})

describe("a run whose record can't be read", () => {
  const unreadable = (repo: GitRepo) =>
    Effect.gen(function*() {
      yield* abandoned(repo)
      Fs.writeFileSync(`${stateOf(repo)}/runs/r/run.json`, `{"of":"a newer version"}`)
    })

  it.scopedLive("is left as it is, results and worktrees with it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* unreadable(repo)
      const before = filesBelow(stateOf(repo)).filter((file) => !file.startsWith("trash/"))
      assert.include(before, "runs/r/tasks/good-1/result.json")
      assert.include(before, "worktrees/r/r-slow/src/half.txt")
      yield* look(repo)
      assert.deepStrictEqual(filesBelow(stateOf(repo)), before)
    }))

  it.scopedLive("goes when it is named", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* unreadable(repo)
      yield* Effect.gen(function*() {
        const runs = yield* Runs
        const plan = yield* runs.planClean({ runs: ["r"], all: false })
        assert.deepStrictEqual(plan.items.map(({ run_id, what }) => [run_id, what]), [["r", "run"]])
        yield* runs.clean(plan)
      }).pipe(Effect.provide(pipeline(repo, writes({}))))
      assert.deepStrictEqual([refsOf(repo), worktreesOf(repo), leftovers(repo)], [[], [repo.root], []])
      assert.isFalse(Fs.existsSync(`${stateOf(repo)}/runs/r`))
    }))
})

describe("a file among the runs", () => {
  it.scopedLive("that a file manager left keeps nothing from being cleared away", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* abandoned(repo)
      Fs.writeFileSync(`${stateOf(repo)}/runs/.DS_Store`, "")
      yield* look(repo)
      assert.deepStrictEqual(refsOf(repo), ["good-1", "slow"].map((name) => `refs/codex-runner/r/${name}`))
      assert.deepStrictEqual([worktreesOf(repo), leftovers(repo)], [[repo.root], []])
    }))
})

describe("the log of a detached runner that died before its run was on record", () => {
  it.scopedLive("stays for a day", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* run(requestFor(["good"])).pipe(Effect.provide(pipeline(repo, writes({}))))
      const [fresh, old] = ["1", "2"].map((name) => `${stateOf(repo)}/detached-${name}-abcd.log`)
      for (const log of [fresh, old]) Fs.writeFileSync(log ?? "", "why\n")
      Fs.utimesSync(old ?? "", 0, 0)
      yield* look(repo)
      assert.deepStrictEqual(
        Fs.readdirSync(stateOf(repo)).filter((name) => name.startsWith("detached-")),
        ["detached-1-abcd.log"]
      )
    }))
})

describe("a task that failed, and whose work could not be captured", () => {
  /** What git measures it by is gone by then. */
  const uncaptured = (repo: GitRepo): CodexScript => (job) =>
    Stream.unwrap(Effect.sync(() => {
      writeFiles(job.worktree, { "src/only-here.txt": "only here\n" })
      Fs.rmSync(`${stateOf(repo)}/git/r/r-one.git/index.base`)
      return Stream.fromIterable(failedTurn("stream disconnected"))
    }))
  const onlyHere = (repo: GitRepo) => filesBelow(`${stateOf(repo)}/worktrees/r/r-one`).includes("src/only-here.txt")

  it.scopedLive("keeps its worktree, which nothing but its name takes away: no plan to clean, no next start", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        const [result] = (yield* run(requestFor(["one"], { run_id: "r" }))).results
        assert.deepStrictEqual([result?.status, result?.captured, result?.ref], ["failed", false, null])
        const runs = yield* Runs
        const plan = yield* runs.planClean({ runs: [], all: false })
        assert.deepStrictEqual([plan.items, plan.spared], [[], [`${stateOf(repo)}/worktrees/r/r-one`]])
        // Killed when its task was on record, and the run not yet.
        Fs.rmSync(`${stateOf(repo)}/runs/r/result.json`)
        disowned(repo, "r")
        yield* runs.list
        assert.isTrue(onlyHere(repo))
        yield* runs.clean(yield* runs.planClean({ runs: ["r"], all: false }))
        assert.isFalse(onlyHere(repo))
      }).pipe(Effect.provide(pipeline(repo, uncaptured(repo))))
    }))
})

describe("a plan to clean", () => {
  it.scopedLive("spares what a run that was resumed meanwhile has left", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* cancelledAndKept(repo)
      // A repository within holds what the task's ref doesn't.
      const inner = { "src/inner/.git/HEAD": "ref: refs/heads/main\n", "src/inner/only-here.txt": "only here\n" }
      yield* Effect.gen(function*() {
        const runs = yield* Runs
        const plan = yield* runs.planClean({ runs: [], all: false })
        assert.lengthOf(plan.items, 1)
        yield* resumed
        yield* runs.clean(plan)
        assert.include(filesBelow(`${stateOf(repo)}/worktrees/r/r-slow`), "src/inner/only-here.txt")
      }).pipe(Effect.provide(pipeline(repo, writes(inner))))
    }))

  it.scopedLive("leaves a run that was resumed meanwhile, and has ended again, whole", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* cancelledAndKept(repo)
      yield* Effect.gen(function*() {
        const runs = yield* Runs
        const plan = yield* runs.planClean({ runs: ["r"], all: false })
        yield* resumed
        assert.deepStrictEqual((yield* runs.clean(plan)).map(({ run_id, what }) => [run_id, what]), [["r", "run"]])
        assert.strictEqual(repo.git("show", "refs/codex-runner/r/slow:src/new.txt"), "new")
        assert.deepStrictEqual(yield* runs.clean(yield* runs.planClean({ runs: ["r"], all: false })), [])
        assert.isFalse(Fs.existsSync(`${stateOf(repo)}/runs/r`))
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/new.txt": "new\n" }))))
    }))
})
