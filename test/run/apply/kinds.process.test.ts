/** Checkouts whose files are not simply what git stores, and those that lie elsewhere than usual. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { type GitRepo, gitRepo, plainGit, repoAt } from "../../support/GitRepo.ts"
import { apply, conflictsIn, recorded, refused, statusOf, told, type Work } from "./support.ts"

const work = { one: { write: { "a.txt": "1\nTWO\n3\n", "new.txt": "n1\nn2\n" } } } satisfies Record<string, Work>
const base = { "a.txt": "1\n2\n3\n", "keep.txt": "keep\n" }

/** Everything on disk is what git takes it for. */
const assertClean = (repo: GitRepo, ...paths: ReadonlyArray<string>) =>
  assert.deepStrictEqual(
    statusOf(repo).filter((line) => line.slice(1, 2) !== " " && paths.includes(line.slice(3))),
    []
  )

describe("apply, into a checkout", () => {
  it.scopedLive("with autocrlf: line ends as the checkout has them, content as git stores it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* recorded(repo, work)
      repo.git("config", "core.autocrlf", "true")
      Fs.rmSync(`${repo.root}/a.txt`)
      repo.git("checkout", "-q", "--", "a.txt")
      assert.strictEqual(repo.read("a.txt"), "1\r\n2\r\n3\r\n")
      yield* apply(repo, { run: "r1" })
      assert.strictEqual(repo.read("a.txt"), "1\r\nTWO\r\n3\r\n")
      assert.strictEqual(repo.read("new.txt"), "n1\r\nn2\r\n")
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt", "A  new.txt"])
      assert.strictEqual(repo.git("rev-parse", ":a.txt"), repo.git("rev-parse", "refs/codex-runner/r1/one:a.txt"))
    }))

  it.scopedLive("with filters, as LFS has them: those of the checkout's attributes work, those that a task brings don't", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { ...base, ".gitattributes": "*.up filter=up\n", "s.up": "small\n" } })
      yield* recorded(repo, {
        one: {
          write: {
            ".gitattributes": "*.up filter=up\n*.txt filter=trap\n",
            "a.txt": "changed\n",
            "t.up": "new\n",
            "sub/.gitattributes": "* filter=trap\n",
            "sub/x.up": "deep\n"
          }
        }
      })
      for (const [name, smudge, clean] of [["up", "tr a-z A-Z", "tr A-Z a-z"], ["trap", trap(repo), trap(repo)]]) {
        repo.git("config", `filter.${name}.smudge`, smudge ?? "")
        repo.git("config", `filter.${name}.clean`, clean ?? "")
        repo.git("config", `filter.${name}.required`, "true")
      }
      Fs.rmSync(`${repo.root}/s.up`)
      repo.git("checkout", "-q", "--", "s.up")
      assert.strictEqual(repo.read("s.up"), "SMALL\n")
      const { notes } = yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(notes, ["Attributes came with it (.gitattributes): they count from the next checkout on."])
      assert.deepStrictEqual([repo.read("t.up"), repo.read("sub/x.up"), repo.read("a.txt")], [
        "NEW\n",
        "DEEP\n",
        "changed\n"
      ])
      assert.strictEqual(repo.git("show", ":t.up"), "new")
      assert.isFalse(Fs.existsSync(`${repo.home}/trapped`))
    }))

  it.scopedLive("that is sparse: what it leaves out stays out, and is staged", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({
        files: { ...base, "out/a.txt": "a\n", "out/gone.txt": "gone\n", "in/b.txt": "b\n" }
      })
      yield* recorded(repo, {
        one: { write: { "out/a.txt": "A\n", "in/b.txt": "B\n", "out/new.txt": "new\n" }, remove: ["out/gone.txt"] }
      })
      repo.git("sparse-checkout", "set", "in")
      yield* apply(repo, { run: "r1" })
      assert.strictEqual(repo.git("write-tree"), repo.git("rev-parse", "refs/codex-runner/r1/one^{tree}"))
      assert.deepStrictEqual(Fs.readdirSync(`${repo.root}/out`), ["new.txt"])
      assert.strictEqual(repo.read("in/b.txt"), "B\n")
      assertClean(repo, "out/a.txt", "out/gone.txt", "out/new.txt", "in/b.txt")
    }))

  it.scopedLive("that is a linked worktree, from a folder in it: there alone", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { ...base, "sub/x": "x\n" } })
      repo.git("worktree", "add", "-q", "-b", "side", `${repo.home}/linked`)
      const linked = repoAt(repo.home, `${repo.home}/linked`)
      yield* recorded(repo, work)
      yield* apply(repo, { run: "r1" }, { directory: `${linked.root}/sub` })
      assert.deepStrictEqual(statusOf(linked), ["M  a.txt", "A  new.txt"])
      assert.deepStrictEqual(statusOf(repo), [])
      yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt", "A  new.txt"])
    }))

  it.scopedLive("whose git folder lies elsewhere", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      repo.git("init", "-q", "--separate-git-dir", `${repo.home}/git`)
      yield* recorded(repo, work)
      yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt", "A  new.txt"])
    }))

  it.scopedLive("of a sha256 repository", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base, objectFormat: "sha256" })
      yield* recorded(repo, { one: { ...work.one, remove: ["keep.txt"] } })
      yield* apply(repo, { run: "r1" })
      assert.strictEqual(repo.git("write-tree"), repo.git("rev-parse", "refs/codex-runner/r1/one^{tree}"))
      yield* apply(repo, { run: "r1", branch: "side" })
      assert.strictEqual(repo.git("rev-parse", "side^{tree}"), repo.git("rev-parse", "refs/codex-runner/r1/one^{tree}"))
    }))

  it.scopedLive("with submodules: they stay as they are; one that would change is refused", () =>
    Effect.gen(function*() {
      const other = yield* gitRepo({ files: { "lib.txt": "lib\n" } })
      const repo = yield* gitRepo({ files: base })
      repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.root, "lib")
      repo.commit()
      yield* recorded(repo, work)
      Fs.writeFileSync(`${repo.root}/lib/lib.txt`, "mine\n")
      yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt", " M lib", "A  new.txt"])
      yield* recorded(repo, { one: { patch: submodulePatch(repo.git("rev-parse", "HEAD:lib")) } }, { runId: "r2" })
      repo.git("reset", "-q", "--hard")
      assert.deepStrictEqual(told(yield* refused(repo, { run: "r2" })), [
        "checkout: \"lib\" is a submodule, which apply leaves alone."
      ])
    }))

  it.scopedLive("whose index is split, watched and of version 4", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* recorded(repo, work)
      repo.git("update-index", "--split-index", "--untracked-cache", "--index-version", "4")
      repo.git("config", "core.fsmonitor", trap(repo))
      yield* apply(repo, { run: "r1" })
      repo.git("config", "--unset", "core.fsmonitor")
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt", "A  new.txt"])
      assert.isFalse(Fs.existsSync(`${repo.home}/trapped`))
      repo.git("fsck", "--strict", "--no-dangling")
    }))

  it.scopedLive("of a shallow clone", () =>
    Effect.gen(function*() {
      const origin = yield* gitRepo({ files: base })
      origin.commit({ "keep.txt": "kept\n" })
      plainGit(origin.home, origin.env, "clone", "-q", "--depth=1", `file://${origin.root}`, "shallow")
      const repo = repoAt(origin.home, `${origin.home}/shallow`)
      yield* recorded(repo, { ...work, two: { write: { "a.txt": "two\n" } } })
      assert.deepStrictEqual((yield* conflictsIn(repo)).conflicts.map(({ tasks }) => tasks.join(" ")), ["one two"])
      yield* apply(repo, { run: "r1", tasks: ["one"] })
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt", "A  new.txt"])
      yield* apply(repo, { run: "r1", tasks: ["two"], branch: "side" })
      assert.strictEqual(repo.git("rev-parse", "side^{tree}"), repo.git("rev-parse", "refs/codex-runner/r1/two^{tree}"))
      repo.git("fsck", "--strict", "--no-dangling")
    }))

  it.scopedLive("without a commit of its own: refused", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* recorded(repo, work)
      repo.git("symbolic-ref", "HEAD", "refs/heads/unborn")
      const problems = yield* Effect.flip(apply(repo, { run: "r1" }))
      assert.match(problems.message, /the checkout has no commit yet/)
    }))

  it.scopedLive("whose base commit is on another branch by now: the patch alone, not that branch's other changes", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      repo.git("checkout", "-qb", "feature")
      repo.commit({ "feature.txt": "not wanted\n" })
      yield* recorded(repo, work)
      repo.git("checkout", "-q", "main")
      yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt", "A  new.txt"])
    }))
})

/** A program that leaves a trace when it is started. */
const trap = (repo: GitRepo): string => {
  const program = `${repo.home}/trap`
  Fs.writeFileSync(program, `#!/bin/sh\ntouch '${repo.home}/trapped'\ncat\n`, { mode: 0o755 })
  return program
}

const submodulePatch = (from: string): string =>
  [
    "diff --git a/lib b/lib",
    `index ${from}..${"1".repeat(40)} 160000`,
    "--- a/lib",
    "+++ b/lib",
    "@@ -1 +1 @@",
    `-Subproject commit ${from}`,
    `+Subproject commit ${"1".repeat(40)}`,
    ""
  ].join("\n")
