import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Fs from "node:fs"
import { Patches } from "../../src/patch/Patches.ts"
import { treeAfterPatch } from "../support/capture.ts"
import { gitRepo, plainGit, writeFiles } from "../support/GitRepo.ts"
import { bundle, runWithoutPrivileges } from "../support/program.ts"
import { snapshotOf } from "../support/snapshot.ts"
import { acquireWorktree, captureChanges, stages, testRef } from "../support/stages.ts"

const base = { "src/a.ts": "one\ntwo\nthree\n", "src/b.ts": "b\n", ".gitignore": "node_modules/\n" }

const manyFiles = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`node_modules/${index % 100}/${index}`, ""]))

describe("Patches.capture", () => {
  it.scopedLive("publishes a commit on the base and writes its patch, whatever state the checkout is in", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      repo.write({ "src/a.ts": "dirty\n", "staged.ts": "staged\n", "untracked.ts": "untracked\n" })
      repo.git("add", "staged.ts")
      const before = snapshotOf(repo.root)
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "src/a.ts": "one\nTWO\nthree\n", "new.ts": "new\n" })
        Fs.rmSync(`${worktree.path}/src/b.ts`)
        const changes = yield* captureChanges(worktree)
        assert.deepStrictEqual(changes.files, [
          { path: "new.ts", status: "A", oldMode: "000000", newMode: "100644", added: 1, deleted: 0 },
          { path: "src/a.ts", status: "M", oldMode: "100644", newMode: "100644", added: 1, deleted: 1 },
          { path: "src/b.ts", status: "D", oldMode: "100644", newMode: "000000", added: 0, deleted: 1 }
        ])
        assert.strictEqual(
          repo.git("log", "-1", "--format=%P %an %s", testRef),
          `${repo.head()} codex-runner what the task left`
        )
        const patch = changes.patch?.path ?? ""
        assert.strictEqual(Fs.statSync(patch).mode & 0o777, 0o600)
        assert.strictEqual(treeAfterPatch(repo, repo.head(), patch), repo.git("rev-parse", `${testRef}^{tree}`))
        assert.deepStrictEqual(changes.applies, {
          onBase: true,
          onHead: true,
          log: `applies to the base commit ${repo.head().slice(0, 12)}`
        })
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
      const after = snapshotOf(repo.root)
      const added = Object.keys(after).filter((path) => !(path in before))
      assert.deepStrictEqual(
        added.filter((path) => !/^\.git\/(objects\/|refs\/codex-runner(\/|$)|worktrees)/.test(path)),
        []
      )
      assert.deepStrictEqual(Object.fromEntries(Object.keys(before).map((path) => [path, after[path]])), before)
    }))

  it.scopedLive("publishes nothing where nothing changed, or only what tools leave behind", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        const now = new Date()
        Fs.utimesSync(`${worktree.path}/src/a.ts`, now, now)
        writeFiles(worktree.path, { "coverage/x.html": "x", "node_modules/x.js": "x" })
        plainGit(worktree.path, repo.env, "commit", "-q", "--allow-empty", "-m", "an agent's")
        const changes = yield* captureChanges(worktree, { isDisposable: (path) => path.startsWith("coverage/") })
        assert.deepStrictEqual([changes.files, changes.patch, changes.ref], [[], null, null])
        assert.deepStrictEqual(changes.disposable, ["coverage/x.html"])
        assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner"), "")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("says whether the patch applies to the checkout's HEAD, which may have moved", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "src/a.ts": "one\ntask\nthree\n" })
        repo.commit({ "src/b.ts": "elsewhere\n" })
        const moved = yield* captureChanges(worktree)
        assert.deepStrictEqual([moved.applies.onBase, moved.applies.onHead], [true, true])
        repo.commit({ "src/a.ts": "one\nuser\nthree\n" })
        const conflict = yield* captureChanges(worktree)
        assert.deepStrictEqual([conflict.applies.onBase, conflict.applies.onHead], [true, false])
        assert.include(conflict.applies.log, `does not apply to the checkout's HEAD ${repo.head().slice(0, 12)}:`)
        assert.include(conflict.applies.log, "src/a.ts")
        assert.strictEqual(repo.git("status", "--porcelain"), "")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("says so where git can't read its own patch: an empty file in a folder whose name ends with a space", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "folder /empty": "" })
        const changes = yield* captureChanges(worktree)
        assert.isFalse(changes.applies.onBase)
        assert.include(changes.applies.log, "does not apply to the base commit")
        assert.strictEqual(repo.git("ls-tree", "-r", "--name-only", testRef).split("\n")[1], "folder /empty")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("works with SHA-256 ids", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base, objectFormat: "sha256" })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "src/a.ts": "changed\n" })
        const changes = yield* captureChanges(worktree)
        assert.deepStrictEqual(changes.files.map((file) => file.path), ["src/a.ts"])
        assert.strictEqual(repo.git("show", `${testRef}:src/a.ts`), "changed")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("takes nothing of what is in a submodule, but a file in place of one", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      for (const name of ["lib", "other"]) {
        repo.git("update-index", "--add", "--cacheinfo", `160000,${repo.head()},${name}`)
        Fs.mkdirSync(`${repo.root}/${name}`)
      }
      repo.git("commit", "-q", "-m", "submodules")
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        assert.deepStrictEqual((yield* captureChanges(worktree)).files, [])
        writeFiles(worktree.path, { "lib/inside.ts": "x", "library.ts": "outside\n" })
        Fs.rmdirSync(`${worktree.path}/other`)
        writeFiles(worktree.path, { other: "a file now\n" })
        const changes = yield* captureChanges(worktree)
        assert.deepStrictEqual(changes.files.map((file) => `${file.status} ${file.path} ${file.newMode}`), [
          "A library.ts 100644",
          "T other 100644"
        ])
        assert.include(repo.git("ls-tree", testRef), `160000 commit ${repo.head()}`.slice(0, 13))
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("has the work safe in its ref before anything else can fail", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "src/a.ts": "changed\n" })
        const patches = yield* Patches
        const error = yield* Effect.flip(patches.capture({
          worktree,
          isDisposable: () => false,
          ref: testRef,
          message: "message",
          patchPath: `${repo.home}/no/such/folder/patch.diff`
        }))
        assert.include(error.message, `cannot capture the changes in ${worktree.path}: `)
        assert.strictEqual(repo.git("show", `${testRef}:src/a.ts`), "changed")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("fails, and does not die, where the worktree can't be looked at", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        Fs.rmSync(worktree.path, { recursive: true })
        const exit = yield* Effect.exit(captureChanges(worktree))
        assert.isTrue(Exit.isFailure(exit) && exit.cause._tag === "Fail")
        const dies = yield* Effect.exit(captureChanges({
          ...worktree,
          get base(): never {
            throw new Error("a bug")
          }
        }))
        assert.isTrue(Exit.isFailure(dies) && dies.cause._tag === "Fail")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("captures after the task's fiber was interrupted, where nothing can be interrupted", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        const working = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            yield* Effect.exit(restore(Effect.gen(function*() {
              writeFiles(worktree.path, { "src/a.ts": "half done\n" })
              yield* Deferred.succeed(working, void 0)
              yield* Effect.never
            })))
            yield* captureChanges(worktree)
          })
        ))
        yield* Deferred.await(working)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(repo.git("show", `${testRef}:src/a.ts`), "half done")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("is not cut short by an interruption that comes while it is at work", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "src/a.ts": "done\n", ".gitignore": "x\n", ...manyFiles(3000) })
        for (let wait = 0; wait < 400; wait += 40) {
          const ref = `refs/codex-runner/run/after-${wait}`
          const began = yield* Deferred.make<void>()
          const fiber = yield* Effect.fork(Effect.uninterruptible(
            Effect.zipRight(Deferred.succeed(began, void 0), captureChanges(worktree, { ref }))
          ))
          yield* Deferred.await(began)
          yield* Effect.sleep(wait)
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(repo.git("show", `${ref}:src/a.ts`), "done")
        }
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("captures many tasks of one repository at once", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const tasks = Array.from({ length: 8 }, (_, index) => `task-${index}`)
        const refs = yield* Effect.forEach(tasks, (taskId) =>
          Effect.scoped(Effect.gen(function*() {
            const worktree = yield* acquireWorktree(repo, { taskId })
            writeFiles(worktree.path, { "src/a.ts": `${taskId}\n`, "same.ts": "the same for all\n" })
            return (yield* captureChanges(worktree, { ref: `refs/codex-runner/run/${taskId}` })).ref
          })), { concurrency: "unbounded" })
        assert.deepStrictEqual(refs.map((ref) => repo.git("show", `${ref}:src/a.ts`)), tasks)
        assert.strictEqual(repo.git("fsck", "--strict", "--no-dangling"), "")
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scopedLive("captures what the task forbade to read, as a user without privileges", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { ...base, "src/deep/c.ts": "c\n" } })
      const program = bundle(
        repo.home,
        `
        import * as Effect from "effect/Effect"
        import * as Fs from "node:fs"
        import { repoAt, writeFiles } from "./test/support/GitRepo.ts"
        import { acquireWorktree, captureChanges, stages } from "./test/support/stages.ts"
        const repo = repoAt(process.argv[2], process.argv[3])
        await Effect.runPromise(Effect.gen(function*() {
          const worktree = yield* acquireWorktree(repo)
          writeFiles(worktree.path, { "src/a.ts": "changed", "src/deep/new.ts": "new", "src/deep/er/x.ts": "x" })
          Fs.chmodSync(worktree.path + "/src/a.ts", 0o000)
          for (const folder of ["src/deep/er", "src/deep", "src"]) Fs.chmodSync(worktree.path + "/" + folder, folder === "src" ? 0o400 : 0o000)
          const changes = yield* captureChanges(worktree)
          console.log(JSON.stringify([changes.files.map((file) => file.status + " " + file.path), changes.incomplete]))
        }).pipe(Effect.scoped, Effect.provide(stages(repo))))
        `
      )
      const end = runWithoutPrivileges(program, repo.home, repo.root)
      assert.deepStrictEqual(end, {
        status: 0,
        stdout: `${JSON.stringify([["M src/a.ts", "A src/deep/er/x.ts", "A src/deep/new.ts"], []])}\n`,
        stderr: ""
      })
    }))
})
