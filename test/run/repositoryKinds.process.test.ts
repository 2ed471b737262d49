import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { formatProblem } from "../../src/domain/Problem.ts"
import type { RunRequest } from "../../src/domain/Task.ts"
import type { CodexScript } from "../../src/testing.ts"
import { type GitRepo, gitRepo, repoAt } from "../support/GitRepo.ts"
import { pipeline, type PipelineOptions, requestFor, writes } from "./pipeline.ts"

/** A run of one task, with the warnings at its start and what `look` saw in the task's fresh worktree. */
const runIn = <A>(
  repo: GitRepo,
  look: (worktree: string) => A,
  script: CodexScript,
  options: PipelineOptions & { readonly request?: RunRequest } = {}
) =>
  Effect.gen(function*() {
    const warnings: Array<string> = []
    const seen: Array<A> = []
    const runner = pipeline(
      repo,
      (job) =>
        Stream.unwrap(Effect.sync(() => {
          seen.push(look(job.worktree))
          return script(job)
        })),
      options
    )
    const result = yield* Effect.flatMap(CodexRunner, (facade) =>
      facade.run(options.request ?? requestFor(["a"]), (event) =>
        Effect.sync(() =>
          void (event._tag === "RunStarted" && warnings.push(...event.warnings))
        ))).pipe(
        Effect.provide(runner)
      )
    return { warnings, seen: seen[0], task: result.results[0] }
  })

const text = (file: string) => (worktree: string): string => Fs.readFileSync(`${worktree}/${file}`, "utf8")

const conversions =
  "Line-end or other conversions are configured: worktrees and patches hold the bytes as git stores them."

describe("a plain repository", () => {
  it.scoped("has nothing to be warned of, whatever its attribute files say in comments", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({
        files: {
          ".gitattributes": "# text=auto and filter=lfs would convert\n*.png binary\n*.md linguist-documentation\n",
          "src/a.ts": "a\n"
        }
      })
      const { task, warnings } = yield* runIn(repo, () => null, writes({ "src/b.ts": "b\n" }))
      assert.deepStrictEqual(warnings, [])
      assert.deepStrictEqual(task?.files_changed, ["src/b.ts"])
    }))
})

describe("Git LFS", () => {
  it.scoped("its files are the pointers, no filter is run, and untouched ones are in no patch", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12\n`
      repo.commit({ "src/model.bin": pointer })
      repo.git("config", "filter.lfs.smudge", `touch ${repo.home}/smudged; tr a-z A-Z`)
      repo.git("config", "filter.lfs.clean", `touch ${repo.home}/cleaned; tr A-Z a-z`)
      repo.git("config", "filter.lfs.required", "true")
      repo.commit({ ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n" })
      for (const mark of ["smudged", "cleaned"]) Fs.rmSync(`${repo.home}/${mark}`, { force: true })
      const { seen, task, warnings } = yield* runIn(
        repo,
        text("src/model.bin"),
        writes({ "src/b.ts": "b\n", "src/new.bin": "Bytes\r\n" })
      )
      assert.deepStrictEqual(warnings, [
        "Git LFS: its files are pointers in the worktrees, unless setup fetches them (setup.commands: \"git lfs pull\")."
      ])
      assert.strictEqual(seen, pointer)
      assert.deepStrictEqual(task?.files_changed, ["src/b.ts", "src/new.bin"])
      assert.strictEqual(repo.git("cat-file", "blob", `${task?.ref}:src/new.bin`), "Bytes\r")
      assert.isFalse(Fs.existsSync(`${repo.home}/smudged`) || Fs.existsSync(`${repo.home}/cleaned`))
    }))
})

describe("line ends", () => {
  const stored = { lf: "one\ntwo\n", crlf: "one\r\ntwo\r\n" }

  it.scoped("autocrlf: the bytes as stored, on the way out and on the way in", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "src/lf.txt": stored.lf, "src/crlf.txt": stored.crlf } })
      repo.git("config", "core.autocrlf", "true")
      const { seen, task, warnings } = yield* runIn(
        repo,
        (worktree) => [text("src/lf.txt")(worktree), text("src/crlf.txt")(worktree)],
        writes({ "src/new.txt": "three\r\n" })
      )
      assert.deepStrictEqual(warnings, [conversions])
      assert.deepStrictEqual(seen, [stored.lf, stored.crlf])
      assert.deepStrictEqual(task?.files_changed, ["src/new.txt"])
      assert.strictEqual(repo.git("cat-file", "blob", `${task?.ref}:src/new.txt`), "three\r")
    }))

  for (const attributes of ["* text=auto\n", "*.txt text eol=crlf\n", "*.txt ident\n"]) {
    it.scoped(`attributes "${attributes.trim()}": the bytes as stored, and no file changed that nobody touched`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo({ files: { "src/lf.txt": "$Id$\n", "src/crlf.txt": "$Id$\r\n" } })
        repo.commit({ ".gitattributes": attributes })
        const blob = (file: string) => `${repo.git("cat-file", "blob", `HEAD:${file}`)}\n`
        const { seen, task, warnings } = yield* runIn(
          repo,
          (worktree) => [text("src/lf.txt")(worktree), text("src/crlf.txt")(worktree)],
          writes({ "src/new.txt": "three\r\n" })
        )
        assert.deepStrictEqual(warnings, [conversions])
        assert.deepStrictEqual(seen, [blob("src/lf.txt"), blob("src/crlf.txt")])
        assert.deepStrictEqual(task?.files_changed, ["src/new.txt"])
        assert.strictEqual(repo.git("cat-file", "blob", `${task?.ref}:src/new.txt`), "three\r")
      }))
  }
})

describe("submodules", () => {
  it.scoped("their folders are empty, and what is written into them is in no patch", () =>
    Effect.gen(function*() {
      const library = yield* gitRepo({ files: { "lib.ts": "lib\n" } })
      const repo = yield* gitRepo()
      repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", library.root, "src/library")
      repo.commit()
      const { seen, task, warnings } = yield* runIn(
        repo,
        (worktree) => Fs.readdirSync(`${worktree}/src/library`),
        writes({ "src/library/mine.ts": "mine\n", "src/b.ts": "b\n" })
      )
      assert.deepStrictEqual(warnings, [
        "Submodules (src/library): their folders are empty unless setup fills them, and what is in them is in no patch."
      ])
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual(task?.files_changed, ["src/b.ts"])
      assert.strictEqual(
        repo.git("ls-tree", task?.ref ?? "", "src/library").split("\t")[0],
        repo.git("ls-tree", "HEAD", "src/library").split("\t")[0]
      )
    }))

  it.scoped("setup may fill them, and that is in no patch either", () =>
    Effect.gen(function*() {
      const library = yield* gitRepo({ files: { "lib.ts": "lib\n" } })
      const repo = yield* gitRepo()
      repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", library.root, "src/library")
      repo.commit()
      const { seen, task } = yield* runIn(repo, text("src/library/lib.ts"), writes({ "src/b.ts": "b\n" }), {
        config: { setup: { commands: ["git -c protocol.file.allow=always submodule update --init -q"] } }
      })
      assert.strictEqual(seen, "lib\n")
      assert.strictEqual(task?.error, null)
      assert.deepStrictEqual(task?.files_changed, ["src/b.ts"])
    }))
})

describe("a sparse checkout", () => {
  it.scoped("its worktrees hold every file, and it stays as it is", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "src/a.ts": "a\n", "docs/b.md": "b\n" } })
      repo.git("sparse-checkout", "set", "src")
      const { seen, task, warnings } = yield* runIn(repo, text("docs/b.md"), writes({ "src/c.ts": "c\n" }))
      assert.deepStrictEqual(warnings, ["Sparse checkout: the worktrees hold every file of the base commit."])
      assert.strictEqual(seen, "b\n")
      assert.deepStrictEqual(task?.files_changed, ["src/c.ts"])
      assert.isFalse(Fs.existsSync(`${repo.root}/docs`))
    }))
})

describe("a partial clone", () => {
  /** A clone without the file content of all but its checked-out commit, of a repository with two commits. */
  const partialClone = Effect.gen(function*() {
    const origin = yield* gitRepo({ files: { "src/a.ts": "old\n", ".gitattributes": "*.png binary\n" } })
    origin.commit({ "src/a.ts": "new\n", ".gitattributes": "*.jpg binary\n" })
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    origin.git("clone", "-q", "--filter=blob:none", `file://${origin.root}`, `${origin.home}/clone`)
    return repoAt(origin.home, `${origin.home}/clone`)
  })

  it.scoped("without even the folders of the base commit is refused just so", () =>
    Effect.gen(function*() {
      const full = yield* partialClone
      const origin = full.git("remote", "get-url", "origin")
      full.git("clone", "-q", "--filter=tree:0", "--no-checkout", origin, `${full.home}/treeless`)
      const repo = repoAt(full.home, `${full.home}/treeless`)
      const rejected = yield* Effect.flip(runIn(repo, () => null, writes({})))
      assert.match(rejected.message, /this is a partial clone, and \d+ objects of the base commit are not here\. Fetch/)
    }))

  const missing = (repo: GitRepo, commit: string): number =>
    repo.git("rev-list", "--objects", "--no-walk", "--missing=print", commit).split("\n")
      .filter((line) => line.startsWith("?")).length

  it.scoped("runs where nothing of the base commit is missing", () =>
    Effect.gen(function*() {
      const repo = yield* partialClone
      const { seen, task, warnings } = yield* runIn(repo, text("src/a.ts"), writes({ "src/b.ts": "b\n" }))
      assert.deepStrictEqual(warnings, [
        "Partial clone: every object of the base commit is here, nothing is fetched during the run."
      ])
      assert.strictEqual(seen, "new\n")
      assert.deepStrictEqual(task?.files_changed, ["src/b.ts"])
    }))

  it.scoped("is refused where objects are missing, fetches none by itself, and the remedy works", () =>
    Effect.gen(function*() {
      const repo = yield* partialClone
      const request = requestFor(["a"], { base_ref: "HEAD~1" })
      assert.strictEqual(missing(repo, "HEAD~1"), 2)
      const rejected = yield* Effect.flip(runIn(repo, () => null, writes({}), { request }))
      assert.deepStrictEqual(rejected.problems.map(formatProblem), [
        "repository: this is a partial clone, and 2 objects of the base commit are not here. Fetch them first: " +
        `git -C ${repo.root} fetch --refetch --no-filter, or: git checkout HEAD~1.`
      ])
      assert.strictEqual(missing(repo, "HEAD~1"), 2)
      repo.git("fetch", "-q", "--refetch", "--no-filter")
      const { seen, task } = yield* runIn(repo, text("src/a.ts"), writes({ "src/b.ts": "b\n" }), { request })
      assert.strictEqual(seen, "old\n")
      assert.strictEqual(task?.status, "success")
    }))
})
