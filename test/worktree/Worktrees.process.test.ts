import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Fs from "node:fs"
import { Git } from "../../src/git/Git.ts"
import { RepoLock } from "../../src/git/RepoLock.ts"
import { Worktrees } from "../../src/worktree/Worktrees.ts"
import { type GitRepo, gitRepo, plainGit, repoAt } from "../support/GitRepo.ts"
import { snapshotOf } from "../support/snapshot.ts"
import { acquireWorktree, layoutFor, stages } from "../support/stages.ts"

const settle = Effect.flatMap(Worktrees, (worktrees) => worktrees.settle)

/** Without the warnings that the test provokes. */
const quietly = Logger.withMinimumLogLevel(LogLevel.None)

const listed = (repo: GitRepo): ReadonlyArray<string> =>
  repo.git("worktree", "list", "--porcelain").split("\n").filter((line) => line.startsWith("worktree "))

/** Files and links in the state folder, by path: what a run left behind. */
const leftBehind = (repo: GitRepo): ReadonlyArray<string> =>
  !Fs.existsSync(`${repo.home}/state`)
    ? []
    : Object.entries(snapshotOf(`${repo.home}/state`)).flatMap(([path, what]) => (what.startsWith("4") ? [] : [path]))
      .filter((path) => !path.endsWith("/lock"))

/** Nothing of a worktree is left: not on disk, not in git, not in the trash. */
const assertGone = (repo: GitRepo) =>
  Effect.gen(function*() {
    yield* settle
    assert.deepStrictEqual(listed(repo), [`worktree ${repo.root}`])
    assert.isFalse(Fs.existsSync(`${repo.root}/.git/worktrees`))
    assert.deepStrictEqual(leftBehind(repo), [])
    const { trash } = yield* layoutFor(repo)
    if (Fs.existsSync(trash)) assert.deepStrictEqual(Fs.readdirSync(trash), [])
  })

const files = {
  "README.md": "hello\n",
  "src/a.ts": "a\n",
  "src/run.sh": { exec: "#!/bin/sh\n" },
  "src/link": { link: "a.ts" },
  "src/crlf.txt": "a\r\nb\r\n",
  "bin.dat": new Uint8Array([0, 1, 2, 255]),
  ".gitignore": "node_modules/\n"
}

describe("Worktrees.acquire", () => {
  it.scopedLive("gives a worktree of the base commit, whose `git status` is clean for whoever works in it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        const git = (...args: ReadonlyArray<string>) => plainGit(worktree.path, repo.env, ...args)
        assert.strictEqual(git("status", "--porcelain", "--ignored"), "")
        assert.strictEqual(git("diff", "HEAD"), "")
        assert.strictEqual(git("rev-parse", "HEAD"), repo.head())
        assert.strictEqual(git("rev-parse", "--abbrev-ref", "HEAD"), "HEAD")
        assert.strictEqual(git("rev-parse", "--show-toplevel"), worktree.path)
        const contentsOf = (root: string) =>
          Object.fromEntries(Object.entries(snapshotOf(root)).filter(([path]) => !/^\.git(\/|$)/.test(path)))
        assert.deepStrictEqual(contentsOf(worktree.path), contentsOf(repo.root))
        assert.deepStrictEqual(Fs.readdirSync(worktree.home, { recursive: true }), ["tmp"])
        assert.lengthOf(listed(repo), 2)
      }).pipe(Effect.scoped, Effect.zipRight(assertGone(repo)), Effect.provide(stages(repo)))
    }))

  it.scopedLive("checks bytes out as they are stored, whatever attributes and the user's configuration say", () =>
    Effect.gen(function*() {
      const stored = "a\nb\r\n$Id$\n"
      const repo = yield* gitRepo({ files: { ".gitattributes": "* -text\n", "a.txt": stored } })
      repo.write({ ".gitattributes": "* text eol=crlf ident\n*.txt filter=shout working-tree-encoding=UTF-16\n" })
      repo.git("add", ".gitattributes")
      repo.git("commit", "-q", "-m", "attributes")
      repo.git("config", "core.autocrlf", "true")
      repo.git("config", "filter.shout.smudge", "tr a-z A-Z")
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        assert.strictEqual(Fs.readFileSync(`${worktree.path}/a.txt`, "utf8"), stored)
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

  it.scopedLive("runs none of the repository's hooks and monitors", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      const trap = { exec: `#!/bin/sh\ntouch ${repo.home}/executed\n` }
      for (const hook of ["post-checkout", "post-index-change", "reference-transaction"]) {
        repo.write({ [`.git/hooks/${hook}`]: trap })
      }
      repo.write({ ".git/monitor": trap })
      repo.git("config", "core.fsmonitor", `${repo.root}/.git/monitor`)
      const worktree = Effect.scoped(acquireWorktree(repo))
      yield* worktree.pipe(Effect.zipRight(settle), Effect.provide(stages(repo)))
      assert.isFalse(Fs.existsSync(`${repo.home}/executed`))
      repo.git("status")
      assert.isTrue(Fs.existsSync(`${repo.home}/executed`), "plain git runs them: the trap works")
    }))

  it.scopedLive("makes and removes 32 at once, in several rounds, without one failure", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        for (const round of [1, 2, 3]) {
          const exits = yield* Effect.forEach(
            Array.from({ length: 32 }, (_, index) => `task-${round}-${index}`),
            (taskId) =>
              acquireWorktree(repo, { taskId }).pipe(
                Effect.map((worktree) => Fs.readFileSync(`${worktree.path}/src/a.ts`, "utf8")),
                Effect.scoped,
                Effect.exit
              ),
            { concurrency: "unbounded" }
          )
          const failures = exits.flatMap((exit) => Exit.isFailure(exit) ? [Cause.pretty(exit.cause)] : [])
          assert.deepStrictEqual(failures, [])
          assert.deepStrictEqual(exits, Array.from({ length: 32 }, () => Exit.succeed("a\n")))
        }
        yield* assertGone(repo)
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scopedLive("leaves nothing of its own after success, failure, defect and interruption", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        const uses: ReadonlyArray<Effect.Effect<unknown, string>> = [
          Effect.void,
          Effect.fail("no"),
          Effect.die("bug"),
          Effect.interrupt
        ]
        for (const use of uses) {
          const exit = yield* acquireWorktree(repo).pipe(
            Effect.tap((worktree) => Effect.sync(() => Fs.writeFileSync(`${worktree.path}/new`, "new"))),
            Effect.zipRight(use),
            Effect.scoped,
            Effect.exit
          )
          assert.deepStrictEqual(Exit.isSuccess(exit), use === Effect.void)
          yield* assertGone(repo)
        }
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scopedLive("leaves nothing of its own when interrupted at any moment", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        for (let wait = 0; wait < 240; wait += 20) {
          const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(acquireWorktree(repo), Effect.never)))
          yield* Effect.sleep(wait)
          yield* Fiber.interrupt(fiber)
          yield* assertGone(repo)
        }
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scopedLive("leaves nothing of its own where it fails", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      const blob = repo.git("rev-parse", "HEAD:src/a.ts")
      Fs.rmSync(`${repo.root}/.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`)
      yield* Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.scoped(acquireWorktree(repo)))
        assert.include(error.message, "cannot make the worktree")
        assert.include(error.message, blob)
        yield* assertGone(repo)
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scopedLive("registers an empty worktree for a dry run", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo, { checkout: false })
        assert.deepStrictEqual(Fs.readdirSync(worktree.path), [".git"])
      }).pipe(Effect.scoped, Effect.zipRight(assertGone(repo)), Effect.provide(stages(repo)))
    }))

  it.scopedLive("keeps a worktree that is to be kept, in git's list too, and nothing else of the task", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        const path = yield* Effect.scoped(Effect.gen(function*() {
          const worktree = yield* acquireWorktree(repo)
          Fs.writeFileSync(`${worktree.path}/src/a.ts`, "changed\n")
          yield* worktree.keep
          return worktree.path
        }))
        yield* settle
        assert.strictEqual(plainGit(path, repo.env, "status", "--porcelain"), " M src/a.ts")
        assert.deepStrictEqual(listed(repo), [`worktree ${repo.root}`, `worktree ${path}`])
        const root = (yield* layoutFor(repo)).root
        assert.deepStrictEqual(
          leftBehind(repo).filter((file) => !`${repo.home}/state/${file}`.startsWith(path)),
          [],
          root
        )
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scopedLive("gives its result also where the worktree can't be removed", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        const { root, trash } = yield* layoutFor(repo)
        Fs.mkdirSync(root, { recursive: true })
        Fs.writeFileSync(trash, "in the way")
        const exit = yield* Effect.exit(Effect.scoped(Effect.as(acquireWorktree(repo), "result")))
        assert.deepStrictEqual(exit, Exit.succeed("result"))
      }).pipe(Effect.provide(stages(repo)), quietly)
    }))

  it.scopedLive("makes the next task's worktree also where git's entry of the last can't be deleted", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      const failing = Layer.effect(
        FileSystem.FileSystem,
        Effect.map(FileSystem.FileSystem, (fs) => ({
          ...fs,
          remove: (path: string) =>
            Effect.fail(
              new SystemError({
                reason: "PermissionDenied",
                module: "FileSystem",
                method: "remove",
                pathOrDescriptor: path
              })
            )
        }))
      )
      const worktrees = Layer.provide(Layer.fresh(Worktrees.layer), failing)
      yield* Effect.gen(function*() {
        yield* Effect.scoped(acquireWorktree(repo, { taskId: "one" }))
        const exit = yield* Effect.exit(Effect.scoped(acquireWorktree(repo, { taskId: "two" })))
        assert.isTrue(Exit.isSuccess(exit))
        yield* settle
      }).pipe(Effect.provide(worktrees), Effect.provide(stages(repo)), quietly)
    }))

  it.scopedLive("touches nothing of the user's: not the dirty checkout, not a byte of .git", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      repo.write({ "stashed.txt": "stashed\n" })
      repo.git("stash", "-u")
      repo.git("branch", "other")
      repo.git("tag", "-a", "-m", "tag", "v1")
      repo.git("worktree", "add", "-q", "-b", "mine", "../mine")
      repo.git("worktree", "add", "-q", "--detach", "../locked")
      repo.git("worktree", "lock", "--reason", "mine", "../locked")
      repo.git("config", "alias.x", "status")
      repo.write({ "src/a.ts": "dirty\n", "staged.txt": "staged\n", "untracked.txt": "untracked\n" })
      repo.git("add", "staged.txt")
      const before = snapshotOf(repo.root)
      const others = [snapshotOf(`${repo.home}/mine`), snapshotOf(`${repo.home}/locked`)]
      yield* Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const worktree = yield* acquireWorktree(repo)
          assert.strictEqual(Fs.readFileSync(`${worktree.path}/src/a.ts`, "utf8"), "a\n")
        }))
        yield* settle
      }).pipe(Effect.provide(stages(repo)))
      assert.deepStrictEqual(snapshotOf(repo.root), before)
      assert.deepStrictEqual([snapshotOf(`${repo.home}/mine`), snapshotOf(`${repo.home}/locked`)], others)
    }))

  it.scopedLive("starts from a checkout that is itself a linked worktree", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      repo.git("worktree", "add", "-q", "-b", "feature", "../linked")
      const linked = repoAt(repo.home, `${repo.home}/linked`)
      const head = linked.commit({ "src/a.ts": "feature\n" })
      const before = snapshotOf(repo.home)
      yield* Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const worktree = yield* acquireWorktree(linked)
          assert.strictEqual(plainGit(worktree.path, repo.env, "rev-parse", "HEAD"), head)
          assert.strictEqual(plainGit(worktree.path, repo.env, "status", "--porcelain"), "")
          assert.strictEqual(Fs.readFileSync(`${worktree.path}/src/a.ts`, "utf8"), "feature\n")
        }))
        yield* settle
      }).pipe(Effect.provide(stages(linked)))
      Fs.rmSync(`${repo.home}/state`, { recursive: true })
      assert.deepStrictEqual(snapshotOf(repo.home), before)
    }))

  it.scopedLive("takes repositories with SHA-256 ids, and paths of any characters", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files, name: "ünï \"x\" $y", objectFormat: "sha256" })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        assert.strictEqual(plainGit(worktree.path, repo.env, "status", "--porcelain"), "")
      }).pipe(Effect.scoped, Effect.zipRight(assertGone(repo)), Effect.provide(stages(repo)))
    }))

  it.scopedLive("leaves a submodule's folder empty and the status clean", () =>
    Effect.gen(function*() {
      const inner = yield* gitRepo({ files: { "inner.txt": "inner\n" } })
      const repo = yield* gitRepo({ files })
      repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.root, "lib")
      repo.commit()
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        assert.deepStrictEqual(Fs.readdirSync(`${worktree.path}/lib`), [])
        assert.strictEqual(plainGit(worktree.path, repo.env, "status", "--porcelain"), "")
      }).pipe(Effect.scoped, Effect.zipRight(assertGone(repo)), Effect.provide(stages(repo)))
    }))

  it.scopedLive("waits its turn while another runner registers a worktree", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* Effect.gen(function*() {
        const { lock, root } = yield* layoutFor(repo)
        Fs.mkdirSync(root, { recursive: true })
        const otherRunner = yield* Effect.provide(RepoLock, Layer.fresh(RepoLock.layer))
        const [inside, done] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const holding = yield* Effect.fork(
          otherRunner.withLock(lock)(Effect.zipRight(Deferred.succeed(inside, void 0), Deferred.await(done)))
        )
        yield* Deferred.await(inside)
        const fiber = yield* Effect.fork(Effect.scoped(acquireWorktree(repo)))
        const git = yield* Git
        yield* git.text({ target: { _tag: "Repository", directory: repo.root }, args: ["--version"] })
        assert.lengthOf(listed(repo), 1)
        yield* Deferred.succeed(done, void 0)
        yield* Fiber.join(holding)
        yield* Fiber.join(fiber)
        yield* assertGone(repo)
      }).pipe(Effect.provide(stages(repo)))
    }))
})
