import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { discover } from "../../src/git/Repository.ts"
import { followMove, worktreeEntries } from "../../src/git/worktreeEntries.ts"
import { gitRepo } from "../support/GitRepo.ts"
import { stages } from "../support/stages.ts"

describe("git's entries of worktrees", () => {
  it.scoped("lead to their worktrees, by relative paths as well (worktree.useRelativePaths)", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const worktree = `${repo.home}/linked`
      repo.git("worktree", "add", "-q", "--detach", worktree)
      const repository = yield* Effect.provide(discover(repo.root), stages(repo))
      const entry = `${repo.root}/.git/worktrees/linked`
      assert.deepStrictEqual(worktreeEntries(repository), [{ entry, worktree }])
      Fs.writeFileSync(`${entry}/gitdir`, `${Path.relative(entry, worktree)}/.git\n`)
      assert.deepStrictEqual(worktreeEntries(repository), [{ entry, worktree }])
      Fs.writeFileSync(`${entry}/gitdir`, "")
      assert.deepStrictEqual(worktreeEntries(repository), [{ entry, worktree: null }])
    }))

  it.scoped("follow a worktree that was moved, for git too", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      for (const name of ["a", "b"]) repo.git("worktree", "add", "-q", "--detach", `${repo.home}/${name}`)
      const repository = yield* Effect.provide(discover(repo.root), stages(repo))
      Fs.renameSync(`${repo.home}/a`, `${repo.home}/c`)
      followMove(repository, `${repo.home}/a`, `${repo.home}/c`)
      assert.deepStrictEqual(worktreeEntries(repository).map(({ worktree }) => worktree), [
        `${repo.home}/c`,
        `${repo.home}/b`
      ])
      const list = repo.git("worktree", "list", "--porcelain")
      assert.include(list, `worktree ${repo.home}/c\n`)
      assert.notInclude(list, "prunable")
      repo.git("worktree", "add", "-q", "--detach", `${repo.home}/a`)
    }))
})
