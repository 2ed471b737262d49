import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { setUp } from "../../src/worktree/setup.ts"
import type { Worktree } from "../../src/worktree/Worktrees.ts"
import { type Files, type GitRepo, gitRepo, writeFiles } from "../support/GitRepo.ts"
import { acquireWorktree, captureChanges, stages } from "../support/stages.ts"

const base = {
  ".gitignore": "node_modules/\n*.log\n/dist\n",
  "src/a.ts": "a\n",
  "src/.gitignore": "generated/\n!keep.log\n"
}

/** What a capture finds after a task has written these files; `work` is what else it does. */
const captured = (options: {
  readonly base?: Files
  readonly files?: Files
  readonly excludes?: string
  readonly setup?: ReadonlyArray<string>
  readonly work?: (worktree: Worktree, repo: GitRepo) => void
}) =>
  Effect.gen(function*() {
    const repo = yield* gitRepo({ files: options.base ?? base })
    return yield* Effect.gen(function*() {
      const worktree = yield* acquireWorktree(repo, { excludes: options.excludes ?? "" })
      if (options.setup !== undefined) {
        yield* setUp(worktree, { copy: [], commands: options.setup, env: repo.env, logPath: `${repo.home}/setup.log` })
      }
      writeFiles(worktree.path, options.files ?? {})
      options.work?.(worktree, repo)
      const changes = yield* captureChanges(worktree)
      return {
        files: changes.files.map((file) => `${file.status} ${file.path}`),
        violations: changes.violations.map((one) => `${one.kind}: ${one.detail}`).sort(),
        disposable: changes.disposable,
        incomplete: changes.incomplete
      }
    }).pipe(Effect.scoped, Effect.provide(stages(repo)))
  })

const nothing = { violations: [], disposable: [], incomplete: [] }

const hidden = (...paths: ReadonlyArray<string>) =>
  paths.map((path) => `hidden_by_ignore: "${path}" is hidden by an ignore file of the task's`).sort()

describe("ignore rules", () => {
  it.scopedLive("leave out what the base commit ignores, at any depth, and nothing else", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        files: {
          "node_modules/x/index.js": "x",
          "packages/a/node_modules/y.js": "y",
          "trace.log": "log",
          "src/keep.log": "not ignored after all",
          "src/generated/g.ts": "g",
          "lib/generated/g.ts": "not ignored",
          "dist/out.js": "out",
          "lib/dist/out.js": "not ignored"
        }
      })
      assert.deepStrictEqual(found, {
        ...nothing,
        files: ["A lib/dist/out.js", "A lib/generated/g.ts", "A src/keep.log"]
      })
    }))

  it.scopedLive("of the user's own, outside the tree, count too", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        files: { ".idea/x": "x", "a.swp": "x", "b.ts": "b" },
        excludes: ".idea/\n*.swp\n"
      })
      assert.deepStrictEqual(found, { ...nothing, files: ["A b.ts"] })
    }))

  it.scopedLive("of the base decide also where the task un-ignores or deletes them: what setup or it put there is in no patch", () =>
    Effect.gen(function*() {
      for (const rules of ["!node_modules/\n", null]) {
        const found = yield* captured({
          setup: ["mkdir -p node_modules/dep && echo x > node_modules/dep/index.js"],
          files: { "node_modules/dep/new.js": "new", "a.log": "log" },
          work: ({ path }) =>
            rules === null ? Fs.rmSync(`${path}/.gitignore`) : Fs.writeFileSync(`${path}/.gitignore`, rules)
        })
        assert.deepStrictEqual(found, { ...nothing, files: [`${rules === null ? "D" : "M"} .gitignore`] })
      }
    }))

  it.scopedLive("of the task's own hide nothing: what they would hide is captured, and said", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        files: {
          ".gitignore": `${base[".gitignore"]}evil.ts\n`,
          "evil.ts": "evil",
          "sub/.gitignore": "*\n",
          "sub/hidden.ts": "hidden",
          "sub/:(glob)odd\nname": "hidden",
          "seen.ts": "seen",
          "node_modules/x.js": "ignored as ever"
        }
      })
      assert.deepStrictEqual(found, {
        ...nothing,
        files: [
          "M .gitignore",
          "A evil.ts",
          "A seen.ts",
          "A sub/.gitignore",
          "A sub/:(glob)odd\nname",
          "A sub/hidden.ts"
        ],
        violations: hidden("evil.ts", "sub/:(glob)odd\nname", "sub/hidden.ts")
      })
    }))

  it.scopedLive("that the task writes into git's own folders hide nothing either", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        files: { "evil.ts": "evil", "evil2.ts": "evil" },
        work: (worktree, repo) => {
          Fs.mkdirSync(`${repo.root}/.git/info`, { recursive: true })
          Fs.appendFileSync(`${repo.root}/.git/info/exclude`, "evil.ts\n")
          repo.git("config", "core.excludesFile", `${repo.home}/excludes`)
          Fs.writeFileSync(`${repo.home}/excludes`, "evil2.ts\n")
          assert.strictEqual(spawnSync("git", ["status", "--porcelain"], { cwd: worktree.path }).stdout.toString(), "")
        }
      })
      assert.deepStrictEqual(found, { ...nothing, files: ["A evil.ts", "A evil2.ts"] })
    }))

  it.scopedLive("that are too large to be read are said, and hide nothing", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        files: { "evil.ts": "evil", ".gitignore": "evil.ts\n" },
        work: ({ path }) => Fs.truncateSync(`${path}/.gitignore`, 10 * 1024 ** 3)
      })
      assert.deepStrictEqual(found, {
        ...nothing,
        files: ["A evil.ts"],
        violations: [
          `hidden_by_ignore: ".gitignore" is too large for an ignore file`,
          `too_large: ".gitignore" is over 104857600 bytes`
        ],
        incomplete: [`".gitignore" is too large`]
      })
    }))
})

describe("folders that ignore themselves", () => {
  it.scopedLive("are left out and listed where they are a tool's cache", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        files: {
          ".pytest_cache/.gitignore": "# Created by pytest automatically.\n*\n",
          ".pytest_cache/v/cache/lastfailed": "{}",
          "sub/.ruff_cache/.gitignore": "*",
          "sub/.ruff_cache/0.1/x": "x",
          "build-cache/.gitignore": "*\n",
          "build-cache/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55",
          "build-cache/x": "x",
          "src/a.ts": "changed"
        }
      })
      assert.deepStrictEqual({ ...found, disposable: [...found.disposable].sort() }, {
        ...nothing,
        files: ["M src/a.ts"],
        disposable: [".pytest_cache/", "build-cache/", "sub/.ruff_cache/"]
      })
    }))

  it.scopedLive("are captured where they look like none, or ignore only a part, or were there before", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        base: { ...base, ".config/x.json": "{}" },
        files: {
          "plain/.gitignore": "*\n",
          "plain/a.ts": "a",
          ".partly/.gitignore": "*.tmp\n",
          ".partly/a.ts": "a",
          ".except/.gitignore": "*\n!a.ts\n",
          ".except/a.ts": "a",
          ".config/.gitignore": "*\n",
          ".config/new.json": "{}"
        }
      })
      assert.deepStrictEqual(found, {
        ...nothing,
        files: [
          "A .config/.gitignore",
          "A .config/new.json",
          "A .except/.gitignore",
          "A .except/a.ts",
          "A .partly/.gitignore",
          "A .partly/a.ts",
          "A plain/.gitignore",
          "A plain/a.ts"
        ],
        violations: hidden(".config/new.json", "plain/a.ts")
      })
    }))

  it.scopedLive("are no change of the task's where setup made them, also in what the task adds", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        setup: [
          "mkdir -p venv/lib .tool && echo '*' > venv/.gitignore && echo x > venv/lib/x && echo '*' > .tool/.gitignore"
        ],
        files: { "venv/lib/y": "y", ".tool/z": "z", "src/new.ts": "new" }
      })
      assert.deepStrictEqual(found, { ...nothing, files: ["A src/new.ts"] })
    }))
})

describe("names", () => {
  const latin1 = (text: string) => Buffer.from(text, "latin1")

  it.scopedLive("that are not UTF-8 are reported, in folders too, and the rest is captured", () =>
    Effect.gen(function*() {
      const found = yield* captured({
        files: { "good.ts": "good" },
        work: ({ path }) => {
          Fs.writeFileSync(Buffer.concat([Buffer.from(`${path}/`), latin1("caf\xe9.ts")]), "x")
          const folder = Buffer.concat([Buffer.from(`${path}/`), latin1("d\xe9p")])
          Fs.mkdirSync(folder)
          Fs.writeFileSync(Buffer.concat([folder, Buffer.from("/inside.ts")]), "x")
        }
      })
      assert.deepStrictEqual(found.files, ["A good.ts"])
      assert.deepStrictEqual([...found.incomplete].sort(), [
        "the name \"caf\uFFFD.ts\" is not valid UTF-8",
        "the name \"d\uFFFDp/inside.ts\" is not valid UTF-8"
      ])
    }))

  it.scopedLive("that are not UTF-8 are no trouble where the base has them and the task lets them be", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      for (const name of ["caf\xe9.ts", "d\xe9p/inside.ts"]) {
        const path = Buffer.concat([Buffer.from(`${repo.root}/`), latin1(name)])
        Fs.mkdirSync(path.subarray(0, path.lastIndexOf("/")), { recursive: true })
        Fs.writeFileSync(path, "x")
      }
      repo.commit()
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "src/a.ts": "changed\n" })
        const changes = yield* captureChanges(worktree)
        assert.deepStrictEqual(changes.files.map((file) => file.path), ["src/a.ts"])
        assert.deepStrictEqual([changes.violations, changes.incomplete], [[], []])
        Fs.writeFileSync(Buffer.concat([Buffer.from(`${worktree.path}/`), latin1("caf\xe9.ts")]), "changed")
        Fs.rmSync(Buffer.concat([Buffer.from(`${worktree.path}/`), latin1("d\xe9p/inside.ts")]))
        const after = yield* captureChanges(worktree)
        assert.lengthOf(after.incomplete, 2)
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))
})
