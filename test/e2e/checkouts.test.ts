import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { plainGit } from "../support/GitRepo.ts"
import { builtBin } from "./support/program.ts"
import { promptOf, type Scene, scene } from "./support/scene.ts"
import { addFile, patch, task } from "./support/script.ts"

const tasks = { add: task(addFile("src/added.txt", "new")) }

const assertAdded = (
  { repo }: Scene,
  { code, stderr, task: resultOf }: Effect.Effect.Success<ReturnType<Scene["run"]>>
) => {
  assert.strictEqual(code, 0, stderr)
  const { files_changed, patch_applicable, ref } = resultOf("add")
  assert.deepStrictEqual([files_changed, patch_applicable], [["src/added.txt"], true])
  assert.strictEqual(repo.git("show", `${ref}:src/added.txt`), "new")
}

describe("the checkout", () => {
  it.scopedLive("with changes of the user's own, staged, unstaged, stashed and untracked, stays as it was", () =>
    Effect.gen(function*() {
      const made = yield* scene({ tasks, files: { "src/staged.txt": "1\n", "src/unstaged.txt": "1\n" } })
      const { repo } = made
      repo.write({ "src/base.txt": "stashed\n" })
      repo.git("stash", "-q")
      repo.write({ "src/staged.txt": "2\n", "src/unstaged.txt": "2\n", "src/untracked.txt": "2\n" })
      repo.git("add", "src/staged.txt")
      const outcome = yield* made.run()
      assertAdded(made, outcome)
      assert.strictEqual(
        repo.git("status", "--porcelain"),
        "M  src/staged.txt\n M src/unstaged.txt\n?? src/untracked.txt"
      )
      assert.strictEqual(repo.git("show", `${outcome.task("add").ref}:src/staged.txt`), "1")
    }))

  it.scopedLive("no hook and no monitor of the user's is run", () =>
    Effect.gen(function*() {
      const made = yield* scene({ tasks })
      const { repo } = made
      // What any of them writes would be found as a new file of the user's.
      const hook = { exec: `#!/bin/sh\necho "$0" >> '${repo.home}/hooks-ran'\n` }
      const hooks = ["post-checkout", "reference-transaction", "post-commit", "post-index-change", "pre-commit"]
      repo.write(Object.fromEntries(["monitor", ...hooks].map((name) => [`.git/hooks/${name}`, hook])))
      repo.git("config", "core.fsmonitor", ".git/hooks/monitor")
      repo.git("commit", "-q", "--allow-empty", "-m", "by hand")
      assert.include(Fs.readFileSync(`${repo.home}/hooks-ran`, "utf8"), "post-commit")
      assertAdded(made, yield* made.run())
    }))

  it.scopedLive("a linked worktree: its own HEAD is the base, the other checkout is left alone", () =>
    Effect.gen(function*() {
      const made = yield* scene({ tasks })
      const { repo } = made
      const linked = `${repo.home}/linked`
      repo.git("worktree", "add", "-q", "-b", "feature", linked)
      plainGit(linked, repo.env, "commit", "-q", "--allow-empty", "-m", "on the branch")
      const outcome = yield* made.run({ cwd: linked })
      assertAdded(made, outcome)
      assert.strictEqual(outcome.result.base_commit, repo.git("rev-parse", "feature"))
      plainGit(linked, repo.env, "apply", "--index", outcome.task("add").patch_path ?? "")
    }))

  it.scopedLive("from a subfolder, and by --repo from elsewhere", () =>
    Effect.gen(function*() {
      const made = yield* scene({ tasks })
      assertAdded(made, yield* made.run({ cwd: `${made.repo.root}/src` }))
      assertAdded(made, yield* made.run({ cwd: "/", args: ["--repo", `${made.repo.root}/src`] }))
    }))

  it.scopedLive("a path with blanks, quotes and other letters: what is told to type can be typed", () =>
    Effect.gen(function*() {
      const { cli, env, repo } = yield* scene({ tasks, name: "it's my repo – größe 日本 (1) $HOME" })
      const { code, stderr, stdout } = yield* cli(["run", "-", "--repo", repo.root], {
        stdin: JSON.stringify([{ task_id: "add", prompt: promptOf("add") }]),
        cwd: "/"
      })
      assert.strictEqual(code, 0, stderr)
      const commands = /show: +(codex-runner .*)\n +apply: +(codex-runner .*)$/m.exec(stdout)?.slice(1) ?? []
      assert.lengthOf(commands, 2, stdout)
      for (const typed of commands) {
        const line = typed.replace("codex-runner", `'${process.execPath}' '${builtBin}'`)
        const { status, stderr } = spawnSync("sh", ["-c", line], { cwd: "/", env, encoding: "utf8" })
        assert.strictEqual(status, 0, `${typed}: ${stderr}`)
      }
      assert.strictEqual(repo.read("src/added.txt"), "new\n")
    }))

  it.scopedLive("a detached HEAD", () =>
    Effect.gen(function*() {
      const made = yield* scene({ tasks })
      made.repo.git("checkout", "-q", "--detach")
      assertAdded(made, yield* made.run())
    }))

  it.scopedLive("a repository of the SHA-256 kind", () =>
    Effect.gen(function*() {
      const made = yield* scene({ tasks, objectFormat: "sha256" })
      const outcome = yield* made.run()
      assertAdded(made, outcome)
      assert.lengthOf(outcome.result.base_commit, 64)
      made.repo.git("apply", "--index", outcome.task("add").patch_path ?? "")
    }))

  it.scopedLive("another base than HEAD: the patch is of that base, and whether it fits HEAD is told", () =>
    Effect.gen(function*() {
      const made = yield* scene({
        tasks: { edit: task(patch("*** Update File: src/base.txt", "@@", "-one", "+uno", " two", " three")), ...tasks }
      })
      const { repo, run } = made
      const old = repo.head()
      repo.git("branch", "old")
      repo.commit({ "src/base.txt": "eins\nzwei\ndrei\n" })
      const outcome = yield* run({ request: { base_ref: "old" } })
      assertAdded(made, outcome)
      assert.strictEqual(outcome.result.base_commit, old)
      const edit = outcome.task("edit")
      assert.strictEqual(repo.git("rev-parse", `${edit.ref}^`), old)
      assert.isFalse(edit.patch_applicable)
      assert.include(edit.apply_check_log, "does not apply to the checkout's HEAD")
      assert.include(edit.notes_for_manager, "no longer to the checkout's HEAD")
    }))
})
