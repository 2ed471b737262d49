import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Git, type GitCall, joinNul, splitNul } from "../../src/git/Git.ts"
import { ignoredIn } from "../../src/git/ignore.ts"
import { type GitRepo, gitRepo } from "../support/GitRepo.ts"
import { stages } from "../support/stages.ts"

const realGit = (process.env["PATH"] ?? "").split(":").map((folder) => Path.join(folder, "git")).find((file) =>
  Fs.existsSync(file)
)

const run = (repo: GitRepo, args: ReadonlyArray<string>, more: Partial<GitCall> = {}) =>
  Effect.flatMap(Git, (git) => git.run({ target: { _tag: "Repository", directory: repo.root }, args, ...more })).pipe(
    Effect.provide(stages(repo))
  )

describe("Git.run", () => {
  it.scopedLive("fails with the subcommand, the exit code and git's reason", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const error = yield* Effect.flip(run(repo, ["rev-parse", "--verify", "missing"]))
      assert.include(error.message, "git rev-parse failed (exit 128): ")
      assert.include(error.message, "fatal: Needed a single revision")
    }))

  it.scopedLive("takes other exit codes for an answer where it is told to", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const answer = yield* run(repo, ["config", "no.such.key"], { accept: [0, 1] })
      assert.deepStrictEqual([answer.code, splitNul(answer.stdout)], [1, []])
    }))

  it.scopedLive("ends a call that takes too long or says too much", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      repo.git("config", "alias.slow", "!sleep 1000")
      const slow = yield* Effect.flip(run(repo, ["slow"], { timeout: "300 millis" }))
      assert.strictEqual(slow.message, "git slow failed: no end within 300 ms")
      const long = yield* Effect.flip(run(repo, ["help", "-a"], { maxOutputBytes: 100 }))
      assert.strictEqual(long.message, "git help failed: more than 100 bytes of output")
    }))

  it.scopedLive("begins anew where a terminal's Ctrl-C hit the program on its way", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const hits = Path.join(repo.home, "hits")
      // Twice, then it comes through.
      const hit =
        `#!/bin/sh\necho hit >> '${hits}'\n[ $(wc -l < '${hits}') -gt 2 ] || kill -INT $$\nexec '${realGit}' "$@"\n`
      repo.write({ "../bin/git": hit })
      Fs.chmodSync(Path.join(repo.home, "bin/git"), 0o755)
      const PATH = `${repo.home}/bin:${repo.env["PATH"]}`
      const { code } = yield* run({ ...repo, env: { ...repo.env, PATH } }, ["rev-parse", "HEAD"])
      assert.strictEqual(code, 0)
      assert.strictEqual(Fs.readFileSync(hits, "utf8"), "hit\nhit\nhit\n")
    }))
})

describe("ignoredIn", () => {
  it.scopedLive("takes every name for a name", () =>
    Effect.gen(function*() {
      const odd = [":(glob)**", ":/x", ":!x", "-n", "--help", "a\nb", "*", "\"q\"", " ", "ü", "a\\b"]
      const repo = yield* gitRepo({ files: { ".gitignore": "ignored/\n" } })
      const ignored = yield* ignoredIn({ _tag: "Repository", directory: repo.root }, [
        ...odd,
        ...odd.map((name) => `ignored/${name}`)
      ]).pipe(Effect.provide(stages(repo)))
      assert.deepStrictEqual([...ignored], odd.map((name) => `ignored/${name}`))
    }))
})

describe("joinNul", () => {
  it("is undone by splitNul", () => {
    const names = ["a", "b\nc", "ü", ""]
    assert.deepStrictEqual(splitNul(joinNul(names)), names)
    assert.deepStrictEqual(splitNul(joinNul([])), [])
  })
})
