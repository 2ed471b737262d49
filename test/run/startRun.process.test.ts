import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { exitCodeOf } from "../../src/cli/exit.ts"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { RunResult } from "../../src/domain/Result.ts"
import { type CodexScript, turn } from "../../src/testing.ts"
import { gitRepo, repoAt, writeFiles } from "../support/GitRepo.ts"
import {
  appears,
  filesBelow,
  leftovers,
  lives,
  pipeline,
  refsOf,
  requestFor,
  run,
  scripts,
  stateOf,
  worktreesOf,
  writes
} from "./pipeline.ts"

const decodeResult = Schema.decodeUnknownSync(Schema.parseJson(RunResult))

const readRecord = (file: string): RunResult => decodeResult(Fs.readFileSync(file, "utf8"))

describe("a request that is made twice at the same time", () => {
  it.scopedLive("is one run, whoever was first", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      let started = 0
      const script: CodexScript = (job) => {
        started += 1
        return writes({ "src/a.txt": "a\n" })(job)
      }
      const ask = run(requestFor(["a"], { run_id: "twice" })).pipe(Effect.provide(pipeline(repo, script)))
      const both = yield* Effect.all([ask, ask], { concurrency: 2 })
      assert.deepStrictEqual(both.map(({ run_id }) => run_id), ["twice", "twice"])
      assert.strictEqual(started, 1)
    }))
})

describe("a run over a real repository", () => {
  it.scoped("gives a patch that git applies, and leaves nothing else", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "src/a.ts": "one\n" } })
      const before = filesBelow(repo.root).filter((file) => !/^\.git\/(objects|refs|logs)\//.test(file))
      const result = yield* run(requestFor(["add", "edit"], { concurrency: 2 })).pipe(
        Effect.provide(pipeline(
          repo,
          scripts({ add: writes({ "src/b.ts": "two\n" }), edit: writes({ "src/a.ts": "uno\n" }) })
        ))
      )
      assert.deepStrictEqual(result.results.map((task) => task.status), ["success", "success"])
      assert.deepStrictEqual(result.results.map((task) => task.files_changed), [["src/b.ts"], ["src/a.ts"]])
      assert.strictEqual(result.base_commit, repo.head())
      assert.deepStrictEqual(readRecord(Path.join(stateOf(repo), "runs", result.run_id, "result.json")), result)
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
      assert.deepStrictEqual(
        refsOf(repo),
        result.results.map((task) => `refs/codex-runner/${result.run_id}/${task.task_id}`)
      )
      assert.strictEqual(repo.git("status", "--porcelain"), "")
      assert.deepStrictEqual(
        filesBelow(repo.root).filter((file) => !/^\.git\/(objects|refs|logs)\//.test(file)),
        before
      )
      for (const task of result.results) repo.git("apply", "--index", task.patch_path ?? "")
      assert.strictEqual(repo.read("src/a.ts"), "uno\n")
      assert.strictEqual(repo.read("src/b.ts"), "two\n")
      assert.strictEqual(repo.git("show", `${result.results[0]?.ref}:src/b.ts`), "two")
    }))

  it.scoped("starts from a subfolder, and from a linked worktree", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "src/deep/a.ts": "one\n" } })
      repo.git("worktree", "add", "-q", "--detach", `${repo.home}/linked`)
      const linked = repoAt(repo.home, `${repo.home}/linked`)
      const below = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, writes({ "src/b.ts": "b\n" }), { directory: `${repo.root}/src/deep` }))
      )
      const within = yield* run(requestFor(["a"])).pipe(Effect.provide(pipeline(linked, writes({ "src/b.ts": "b\n" }))))
      assert.deepStrictEqual([below, within].map((one) => one.results[0]?.status), ["success", "success"])
      assert.deepStrictEqual(worktreesOf(repo), [repo.root, linked.root])
    }))

  it.scoped("starts from the base_ref asked for, whatever the checkout is at", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "src/a.ts": "old\n" } })
      const old = repo.head()
      repo.commit({ "src/a.ts": "new\n" })
      const seen: Array<string> = []
      const script = scripts({
        a: (job) =>
          Stream.unwrap(Effect.sync(() => {
            seen.push(Fs.readFileSync(`${job.worktree}/src/a.ts`, "utf8"))
            return writes({ "src/a.ts": "changed\n" })(job)
          }))
      })
      const result = yield* run(requestFor(["a"], { base_ref: "HEAD~1" })).pipe(Effect.provide(pipeline(repo, script)))
      assert.strictEqual(result.base_commit, old)
      assert.deepStrictEqual(seen, ["old\n"])
      // Made on the old commit, and in the way of the new one.
      assert.strictEqual(result.results[0]?.status, "success")
      assert.isFalse(result.results[0]?.patch_applicable)
      assert.include(result.results[0]?.notes_for_manager, "HEAD")
    }))

  it.scoped("rejects what is out of bounds, with its patch and ref to look at", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, writes({ "secret.txt": "s\n", "src/a.ts": "a\n" })))
      )
      assert.strictEqual(result?.status, "failed")
      assert.strictEqual(result?.error?.kind, "policy")
      assert.isTrue(result?.error?.message.startsWith("Path not in allowed patterns: \"secret.txt\""))
      assert.deepStrictEqual(result?.violations.map((violation) => violation.kind), ["path"])
      assert.isFalse(result?.patch_applicable)
      assert.include(result?.patch, "secret.txt")
      assert.strictEqual(repo.git("show", `${result?.ref}:secret.txt`), "s")
    }))

  it.scoped("masks secrets in the result, not in the exact patch", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const token = `ghp_${"a1B2".repeat(9)}`
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, writes({ "src/a.ts": `const t = "${token}"\n` })))
      )
      assert.notInclude(JSON.stringify(result), token)
      assert.include(Fs.readFileSync(result?.patch_path ?? "", "utf8"), token)
    }))
})

describe("a run that is cancelled", () => {
  it.scoped("keeps what was done as a ref, records every task, and leaves no worktree", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const working = yield* Deferred.make<void>()
      const script = scripts({
        half: (job) =>
          Stream.unwrap(Effect.gen(function*() {
            writeFiles(job.worktree, { "src/half.ts": "half\n" })
            yield* Deferred.succeed(working, undefined)
            return Stream.never
          })),
        waits: writes({ "src/never.ts": "never\n" })
      })
      const fiber = yield* Effect.fork(
        run(requestFor(["half", "waits"], { run_id: "r", concurrency: 1 })).pipe(Effect.provide(pipeline(repo, script)))
      )
      yield* Deferred.await(working)
      yield* Fiber.interrupt(fiber)
      const record = readRecord(Path.join(stateOf(repo), "runs/r/result.json"))
      assert.strictEqual(record.status, "cancelled")
      assert.deepStrictEqual(record.results.map((task) => task.status), ["cancelled", "skipped"])
      assert.strictEqual(exitCodeOf(record), 130)
      assert.deepStrictEqual(record.results.map((task) => task.ref), ["refs/codex-runner/r/half", null])
      assert.strictEqual(repo.git("show", "refs/codex-runner/r/half:src/half.ts"), "half")
      assert.deepStrictEqual(refsOf(repo), ["refs/codex-runner/r/half"])
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
    }))
})

describe("the base commit", () => {
  it.scoped("is held while the run lasts, whatever becomes of its branch", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "src/a.ts": "one\n" } })
      const base = repo.commit({ "src/a.ts": "two\n" })
      const script: CodexScript = (job) =>
        Stream.unwrap(Effect.sync(() => {
          assert.strictEqual(repo.git("rev-parse", "refs/codex-runner/r/@base"), base)
          repo.git("reset", "-q", "--hard", "HEAD~1")
          repo.git("reflog", "expire", "--expire=now", "--all")
          repo.git("gc", "-q", "--prune=now")
          return writes({ "src/b.ts": "b\n" })(job)
        }))
      const result = yield* run(requestFor(["a", "b"], { run_id: "r", concurrency: 1 })).pipe(
        Effect.provide(pipeline(repo, scripts({ a: script, b: writes({ "src/b.ts": "b\n" }) })))
      )
      assert.deepStrictEqual(result.results.map((task) => task.status), ["success", "success"])
      assert.strictEqual(repo.git("rev-parse", "refs/codex-runner/r/b^"), base)
      assert.deepStrictEqual(refsOf(repo), ["refs/codex-runner/r/a", "refs/codex-runner/r/b"])
    }))
})

describe("run_id", () => {
  it.scoped("the same request again gives the stored run, and runs nothing", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      let started = 0
      const script = () => Stream.suspend(() => (started++, Stream.fromIterable(turn("done"))))
      yield* Effect.gen(function*() {
        const first = yield* run(requestFor(["a"], { run_id: "mine" }))
        const again = yield* run(requestFor(["a"], { run_id: "mine" }))
        assert.deepStrictEqual(again, first)
        assert.strictEqual(started, 1)
        const other = yield* Effect.flip(run(requestFor(["b"], { run_id: "mine" })))
        assert.deepStrictEqual(other.problems, [{
          area: "request",
          at: "run_id",
          message: "run \"mine\" exists already, with another request. Choose another run_id, or leave it out."
        }])
        assert.strictEqual(started, 1)
      }).pipe(Effect.provide(pipeline(repo, script)))
    }))

  it.scoped("is free again where the run was refused before its first task", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        // A file where the run's refs would be.
        repo.git("update-ref", "refs/codex-runner/mine", "HEAD")
        const refused = yield* Effect.flip(run(requestFor(["a"], { run_id: "mine" })))
        assert.strictEqual(refused.problems[0]?.at, "repository")
        repo.git("update-ref", "-d", "refs/codex-runner/mine")
        const result = yield* run(requestFor(["a"], { run_id: "mine" }))
        assert.strictEqual(result.results[0]?.status, "success")
      }).pipe(Effect.provide(pipeline(repo, writes({ "src/a.ts": "a\n" }))))
    }))

  it.scoped("ids that git refuses as names, and ids whose joins look alike, stay apart", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const ids = ["a..b", ".a", "a.", "a.lock", "-x", "A"]
      const script = (
        job: { readonly worktree: string; readonly task: { readonly taskId: string; readonly runId: string } }
      ) =>
        Stream.unwrap(Effect.sync(() => {
          writeFiles(job.worktree, { "src/who.txt": `${job.task.runId} ${job.task.taskId}\n` })
          return Stream.fromIterable(turn("done"))
        }))
      yield* Effect.gen(function*() {
        const result = yield* run(requestFor(ids, { run_id: "x..y.lock", concurrency: 3 }))
        assert.deepStrictEqual(result.results.map((task) => task.status), ids.map(() => "success"))
        for (const task of result.results) {
          assert.strictEqual(repo.git("show", `${task.ref}:src/who.txt`), `x..y.lock ${task.task_id}`)
        }
        const [left, right] = yield* Effect.all([
          run(requestFor(["c", "b-c"], { run_id: "a-b" })),
          run(requestFor(["b-c", "c"], { run_id: "a" }))
        ], { concurrency: 2 })
        for (const task of [...left.results, ...right.results]) {
          assert.strictEqual(task.status, "success", task.error?.message)
        }
        assert.strictEqual(repo.git("show", "refs/codex-runner/a-b/c:src/who.txt"), "a-b c")
        assert.strictEqual(repo.git("show", "refs/codex-runner/a/b-c:src/who.txt"), "a b-c")
        assert.deepStrictEqual(leftovers(repo), [])
      }).pipe(Effect.provide(pipeline(repo, script)))
    }))
})

describe("a dry run", () => {
  it.scoped("starts no Codex, registers one worktree and removes it, and is a success for the shell", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const seen: Array<ReadonlyArray<string>> = []
      const runner = pipeline(repo, () => Stream.die("Codex was started"))
      const result = yield* Effect.flatMap(
        CodexRunner,
        (facade) =>
          facade.run(requestFor(["a", "b"], { dry_run: true }), (event) =>
            Effect.sync(() => {
              if (event._tag === "RunFinished") seen.push(worktreesOf(repo))
            }))
      ).pipe(Effect.provide(runner))
      assert.strictEqual(result.status, "completed")
      assert.deepStrictEqual(result.results.map((task) => task.status), ["skipped", "skipped"])
      assert.deepStrictEqual(result.results.map((task) => task.error), [null, null])
      assert.strictEqual(exitCodeOf(result), 0)
      assert.deepStrictEqual(seen, [[repo.root]])
      assert.deepStrictEqual(refsOf(repo), [])
      assert.deepStrictEqual(leftovers(repo), [])
    }))

  it.scoped("finds out that no worktree can be made, and frees the run's name", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      Fs.writeFileSync(Path.join(repo.root, ".git/worktrees"), "in the way\n")
      const request = requestFor(["a"], { dry_run: true, run_id: "r" })
      const refused = yield* Effect.flip(run(request).pipe(Effect.provide(pipeline(repo, () => Stream.empty))))
      assert.strictEqual(refused.problems[0]?.at, "worktree")
      assert.deepStrictEqual(Fs.readdirSync(Path.join(stateOf(repo), "runs")), [])
      assert.deepStrictEqual(refsOf(repo), [])
    }))
})

describe("setup", () => {
  it.scoped("that fails is told with its log; nothing is captured, nothing stays", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, () => Stream.die("Codex was started"), {
          config: { setup: { commands: ["echo made > made.txt; echo 'no such registry' >&2; exit 7"] } }
        }))
      )
      assert.strictEqual(result?.status, "failed")
      assert.strictEqual(result?.error?.kind, "setup")
      assert.include(result?.error?.message, "exit 7: no such registry")
      const log = /\(log: (.*)\)$/.exec(result?.error?.message ?? "")?.[1] ?? ""
      assert.include(Fs.readFileSync(log, "utf8"), "no such registry")
      assert.strictEqual(result?.ref, null)
      assert.deepStrictEqual(leftovers(repo), [])
    }))

  it.scoped("that fails leaves its worktree where that is wanted", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, () => Stream.empty, {
          config: { keep_worktrees: "on_failure", setup: { commands: ["echo made > made.txt; exit 1"] } }
        }))
      )
      assert.strictEqual(Fs.readFileSync(Path.join(result?.workspace_path ?? "", "made.txt"), "utf8"), "made\n")
    }))

  it.scopedLive("that is interrupted ends its command; the task is cancelled", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const fiber = yield* Effect.fork(
        run(requestFor(["a"], { run_id: "r" })).pipe(
          Effect.provide(pipeline(repo, () => Stream.die("Codex was started"), {
            config: {
              setup: {
                commands: [`echo $$ > ${repo.home}/draft; mv ${repo.home}/draft ${repo.home}/pid; exec sleep 1000`]
              }
            }
          }))
        )
      )
      yield* appears(repo.home, "pid")
      yield* Fiber.interrupt(fiber)
      const record = readRecord(Path.join(stateOf(repo), "runs/r/result.json"))
      assert.deepStrictEqual(record.results.map((task) => [task.status, task.error?.kind]), [[
        "cancelled",
        "cancelled"
      ]])
      assert.isFalse(lives(Number(Fs.readFileSync(`${repo.home}/pid`, "utf8"))))
      assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      assert.deepStrictEqual(leftovers(repo), [])
    }))

  it.scoped("what it made is in no patch", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { ".gitignore": "dep/\n", "src/a.ts": "a\n" } })
      repo.write({ "dep/lib.js": "lib\n" })
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, writes({ "src/b.ts": "b\n" }), {
          config: { setup: { copy: ["dep"], commands: ["echo made > src/made.ts", "cat dep/lib.js"] } }
        }))
      )
      assert.deepStrictEqual(result?.files_changed, ["src/b.ts"])
    }))
})

describe("on disk", () => {
  it.scoped("files are 0600 and folders 0700, also where the umask would give more", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.acquireRelease(
        Effect.sync(() => process.umask(0)),
        (mask) => Effect.sync(() => process.umask(mask))
      )
      yield* run(requestFor(["a"])).pipe(Effect.provide(pipeline(repo, writes({ "src/a.ts": "a\n" }))))
      const state = Path.join(repo.home, "state", "codex-runner")
      const open = ["", ...Fs.readdirSync(state, { recursive: true, encoding: "utf8" })]
        .filter((name) => (Fs.lstatSync(Path.join(state, name)).mode & 0o077) !== 0)
      assert.deepStrictEqual(open, [])
    }))

  it.scoped("the task's final record and the run's journal are there while others still run", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const request = requestFor(["a", "b"], { run_id: "r", concurrency: 2 })
      const result = yield* run(request).pipe(
        Effect.provide(pipeline(repo, scripts({ a: writes({ "src/a.ts": "a\n" }), b: writes({ "src/b.ts": "b\n" }) })))
      )
      const folder = Path.join(stateOf(repo), "runs/r")
      const record: unknown = JSON.parse(Fs.readFileSync(Path.join(folder, "tasks/a/result.json"), "utf8"))
      assert.deepStrictEqual(record, result.results[0])
      const journal = Fs.readFileSync(Path.join(folder, "journal.jsonl"), "utf8").trimEnd().split("\n")
      assert.include(journal[0], "\"_tag\":\"RunStarted\"")
      assert.include(journal.at(-1), "\"_tag\":\"RunFinished\"")
    }))
})
