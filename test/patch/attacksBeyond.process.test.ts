/**
 * Attacks that reach past the capture: what a task plants must not lead the
 * removal of its worktree astray, nor whoever applies its patch, nor may what
 * it left running change files under the capture's eyes. Each is shown to bite
 * an unhardened runner first.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { taskMarker } from "../../src/codex/Codex.ts"
import { type CodexScript, turn } from "../../src/testing.ts"
import { lives, pipeline, requestFor, run } from "../run/pipeline.ts"
import { gitRepo, plainGit, scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { acquireWorktree, captureChanges, stages, testRef } from "../support/stages.ts"

const base = { "src/a.ts": "one\n", "src/b.ts": "two\n" }

describe("what a task plants", () => {
  it.scopedLive("05: configuration that makes another folder the working tree is not followed, to capture or to remove", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      const victim = `${repo.home}/victim`
      const plant = (worktree: string) => {
        writeFiles(victim, { "precious.ts": "precious\n" })
        repo.git("config", "extensions.worktreeConfig", "true")
        plainGit(worktree, repo.env, "config", "--worktree", "core.worktree", victim)
      }
      repo.git("worktree", "add", "-q", "--detach", `${repo.home}/plain`)
      plant(`${repo.home}/plain`)
      plainGit(`${repo.home}/plain`, repo.env, "clean", "-ffdxq")
      assert.deepStrictEqual(Fs.readdirSync(victim), [], "the attack works on plain git")

      yield* Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const worktree = yield* acquireWorktree(repo)
          plant(worktree.path)
          writeFiles(worktree.path, { "src/a.ts": "changed\n" })
          const changes = yield* captureChanges(worktree)
          assert.deepStrictEqual(changes.files.map(({ path, status }) => `${status} ${path}`), ["M src/a.ts"])
        }))
      }).pipe(Effect.provide(stages(repo)))
      assert.deepStrictEqual(Fs.readdirSync(victim), ["precious.ts"])
      assert.strictEqual(repo.git("show", `${testRef}:src/a.ts`), "changed")
    }))
})

/** Writes into its worktree by a program of its own, and ends well. */
const does = (act: (worktree: string, env: Readonly<Record<string, string>>) => void): CodexScript => (job) =>
  Stream.unwrap(Effect.sync(() => {
    act(job.worktree, taskMarker(job.task, job.worktree))
    return Stream.fromIterable(turn("Done."))
  }))

describe("20: a patch that would lead out of the repository", () => {
  const link = { "src/secrets": { link: "/etc" } }

  it.scopedLive("is made by no task: the link is told, and the patch is not offered", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      // git takes such a patch as it is.
      const other = yield* gitRepo({ files: base })
      writeFiles(other.root, link)
      other.git("add", "-A")
      const patch = other.git("diff", "--cached", "--binary")
      const applied = yield* gitRepo({ files: base })
      spawnSync("git", ["apply", "--index"], { cwd: applied.root, env: applied.env, input: `${patch}\n` })
      assert.isTrue(Fs.existsSync(`${applied.root}/src/secrets/passwd`), "the attack works on plain git")

      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, does((worktree) => writeFiles(worktree, link))))
      )
      assert.strictEqual(result?.status, "failed")
      assert.isFalse(result?.patch_applicable)
      assert.deepStrictEqual(result?.violations.map(({ kind }) => kind), ["symlink"])
      assert.isFalse(Fs.existsSync(`${repo.root}/src/secrets`))
    }))

  it.scopedLive("is made by no task: two links that lead inside one by one, and outside together", () =>
    Effect.gen(function*() {
      const links = {
        "src/deep/er/up": { link: "../../.." },
        "src/out": { link: "deep/er/up/../secret" }
      }
      const repo = yield* gitRepo({ files: base })
      writeFiles(repo.home, { secret: "secret\n" })
      const plain = yield* gitRepo({ files: base })
      writeFiles(plain.home, { secret: "secret\n" })
      writeFiles(plain.root, links)
      assert.strictEqual(Fs.readFileSync(`${plain.root}/src/out`, "utf8"), "secret\n", "the attack works")

      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, does((worktree) => writeFiles(worktree, links))))
      )
      assert.strictEqual(result?.status, "failed")
      assert.deepStrictEqual(result?.violations.map(({ kind }) => kind), ["symlink"])
    }))

  it.scopedLive("is made by no task: a folder in which git would run what its configuration names", () =>
    Effect.gen(function*() {
      const plain = yield* gitRepo({ files: base })
      const bitten = `${plain.home}/bitten`
      const planted = {
        "src/tool/HEAD": "ref: refs/heads/main\n",
        "src/tool/config": `[core]\n\tbare = true\n[alias]\n\tst = !touch '${bitten}'\n`,
        "src/tool/objects/info/packs": "\n",
        "src/tool/refs/heads/none": "\n"
      }
      writeFiles(plain.root, planted)
      // In place of an alias of the user's own.
      spawnSync("git", ["st"], { cwd: `${plain.root}/src/tool`, env: plain.env })
      assert.isTrue(Fs.existsSync(bitten), "the attack works")

      const repo = yield* gitRepo({ files: base })
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(
        Effect.provide(pipeline(repo, does((worktree) => writeFiles(worktree, planted))))
      )
      assert.strictEqual(result?.status, "failed")
      assert.deepStrictEqual(result?.violations.map(({ kind }) => kind), ["nested_repository"])
    }))

  it.scopedLive("a file behind a link of its own is no file of the repository's", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      const outside = yield* scratchFolder
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(Effect.provide(pipeline(
        repo,
        does((worktree) => {
          writeFiles(worktree, { "src/out": { link: outside } })
          Fs.writeFileSync(`${worktree}/src/out/planted`, "x")
        })
      )))
      assert.deepStrictEqual(result?.files_changed, ["src/out"])
      assert.strictEqual(result?.status, "failed")
      assert.deepStrictEqual(result?.violations.map(({ kind }) => kind), ["symlink"])
    }))
})

/** A program that makes a file a pipe and a file again, without end. */
const swaps = (file: string) =>
  `while :; do rm -f '${file}'; mkfifo '${file}'; sleep 0.01; rm -f '${file}'; echo '*.x binary' > '${file}'; sleep 0.01; done`

describe("25: what is left running", () => {
  it.scopedLive("is gone before anybody looks at the files", () =>
    Effect.gen(function*() {
      const plain = yield* gitRepo({ files: base })
      const swapping = spawn("sh", ["-c", swaps(`${plain.root}/.gitattributes`)], { stdio: "ignore" })
      yield* Effect.addFinalizer(() => Effect.sync(() => swapping.kill("SIGKILL")))
      // What was touched since the index was written is compared by its content, for which git asks the attributes.
      const status = () => {
        Fs.utimesSync(`${plain.root}/${Object.keys(base)[0]}`, new Date(), new Date())
        return spawnSync("git", ["status"], { cwd: plain.root, env: plain.env, timeout: 1000, killSignal: "SIGKILL" })
      }
      assert.isTrue(
        Array.from({ length: 200 }).some(() => status().signal !== null),
        "the attack works on plain git: it waits for somebody to write"
      )

      const repo = yield* gitRepo({ files: base })
      const pids: Array<number> = []
      const leaves = does((worktree, marker) => {
        writeFiles(worktree, { "src/new.ts": "new\n" })
        const child = spawn("sh", ["-c", swaps(`${worktree}/.gitattributes`)], {
          detached: true,
          stdio: "ignore",
          env: { ...repo.env, ...marker }
        })
        child.unref()
        pids.push(child.pid ?? 0)
      })
      const { results: [result] } = yield* run(requestFor(["a"])).pipe(Effect.provide(pipeline(repo, leaves)))
      assert.include(result?.files_changed ?? [], "src/new.ts")
      assert.deepStrictEqual(pids.filter(lives), [])
      assert.strictEqual(repo.git("show", `${result?.ref}:src/new.ts`), "new")
    }))
})
