import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { setUp } from "../../src/worktree/setup.ts"
import type { Worktree } from "../../src/worktree/Worktrees.ts"
import { type Files, type GitRepo, gitRepo, plainGit, writeFiles } from "../support/GitRepo.ts"
import { snapshotOf } from "../support/snapshot.ts"
import { acquireWorktree, captureChanges, stages } from "../support/stages.ts"

const base = {
  ".gitignore": "node_modules/\n.env*\n*.local\n/build\n",
  "src/a.ts": "a\n",
  "src/b.ts": "b\n",
  "lib/file": "to become a folder\n",
  "lib/folder/x": "to be moved\n",
  "lib/other/x": "to make room for a file\n",
  "package.json": "{}\n"
}

const logOf = (repo: GitRepo): string => Fs.readFileSync(`${repo.home}/setup.log`, "utf8")

const prepare = (repo: GitRepo, worktree: Worktree, plan: {
  readonly copy?: ReadonlyArray<string>
  readonly commands?: ReadonlyArray<string>
}) =>
  setUp(worktree, {
    copy: plan.copy ?? [],
    commands: plan.commands ?? [],
    env: repo.env,
    logPath: `${repo.home}/setup.log`
  })

/** A repository with these ignored files in its checkout, and a fresh worktree of it. */
const within = <A, E>(
  files: Files,
  use: (
    repo: GitRepo,
    worktree: Worktree
  ) => Effect.Effect<
    A,
    E,
    Effect.Effect.Context<ReturnType<typeof captureChanges>> | Effect.Effect.Context<ReturnType<typeof setUp>>
  >
) =>
  Effect.gen(function*() {
    const repo = yield* gitRepo({ files: base })
    repo.write(files)
    return yield* Effect.flatMap(acquireWorktree(repo), (worktree) => use(repo, worktree)).pipe(
      Effect.scoped,
      Effect.provide(stages(repo))
    )
  })

const filesIn = (worktree: Worktree): ReadonlyArray<string> =>
  Object.entries(snapshotOf(worktree.path)).flatMap(([path, what]) =>
    what.startsWith("4") || path === ".git" ? [] : [path]
  )

const changedBy = (worktree: Worktree) =>
  Effect.map(captureChanges(worktree), (changes) => ({
    files: changes.files.map((file) => `${file.status} ${file.path}`),
    violations: changes.violations.map((one) => one.kind)
  }))

const nothing = { files: [], violations: [] }

describe("setup.copy", () => {
  it.scopedLive("brings ignored folders and files of the checkout, as they are there, and none of it into the patch", () =>
    within({
      "node_modules/dep/index.js": "dep",
      "node_modules/.bin/dep": { link: "../dep/cli.js" },
      "node_modules/dep/cli.js": { exec: "#!/usr/bin/env node\n" },
      "node_modules/dep/.gitignore": "*\n",
      "node_modules/nested/.git/HEAD": "ref: refs/heads/main\n",
      ".env.test": "A=1\n",
      "other.local": "not asked for\n"
    }, (repo, worktree) =>
      Effect.gen(function*() {
        repo.write({ "node_modules/workspace": { link: `${repo.root}/src` } })
        const before = snapshotOf(`${repo.root}/node_modules`)
        yield* prepare(repo, worktree, { copy: ["node_modules/", "./.env.test", "missing"] })
        assert.deepStrictEqual({ ...snapshotOf(`${worktree.path}/node_modules`) }, {
          ...before,
          workspace: `120777 ${worktree.path}/src`
        })
        assert.strictEqual(Fs.readFileSync(`${worktree.path}/.env.test`, "utf8"), "A=1\n")
        assert.isFalse(Fs.existsSync(`${worktree.path}/other.local`))
        assert.strictEqual(
          logOf(repo),
          "copy node_modules: 6 files\ncopy .env.test: 1 files\ncopy missing: not in the checkout, skipped\n"
        )
        assert.strictEqual(plainGit(worktree.path, repo.env, "status", "--porcelain"), "")
        Fs.writeFileSync(`${worktree.path}/node_modules/dep/index.js`, "changed by the task")
        Fs.writeFileSync(`${worktree.path}/node_modules/new.js`, "new")
        assert.deepStrictEqual(yield* changedBy(worktree), nothing)
        assert.strictEqual(Fs.readFileSync(`${repo.root}/node_modules/dep/index.js`, "utf8"), "dep")
      })))

  it.scopedLive("copies what .worktreeinclude names, as long as it is ignored", () =>
    within({
      ".worktreeinclude": "# for worktrees\n.env*\n!.env.production\nnode_modules/\nuntracked.txt\nsrc/a.ts\n",
      ".env": "A=1\n",
      ".env.production": "SECRET=1\n",
      ".env.odd :name\n": "A=1\n",
      "node_modules/dep/index.js": "dep",
      "untracked.txt": "not ignored\n",
      "src/a.ts": "dirty in the checkout\n"
    }, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, {})
        assert.deepStrictEqual(filesIn(worktree), [
          ".env",
          ".env.odd :name\n",
          ".gitignore",
          "lib/file",
          "lib/folder/x",
          "lib/other/x",
          "node_modules/dep/index.js",
          "package.json",
          "src/a.ts",
          "src/b.ts"
        ])
        assert.strictEqual(Fs.readFileSync(`${worktree.path}/src/a.ts`, "utf8"), "a\n")
        assert.deepStrictEqual(yield* changedBy(worktree), nothing)
      })))

  it.scopedLive("copies a folder that .worktreeinclude names as one thing", () =>
    within(
      {
        ".worktreeinclude": "node_modules/\n",
        ...Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`node_modules/${index}/x.js`, "x"]))
      },
      (repo, worktree) =>
        Effect.gen(function*() {
          yield* prepare(repo, worktree, {})
          assert.strictEqual(logOf(repo), "copy node_modules: 300 files\n")
        })
    ))

  it.scopedLive("says what could not be copied", () =>
    within({ "build/x": "x" }, (repo, worktree) =>
      Effect.gen(function*() {
        writeFiles(worktree.path, { build: "a file in the way" })
        const error = yield* Effect.flip(prepare(repo, worktree, { copy: ["build"] }))
        assert.include(error.message, "setup failed at \"copy build\": cannot copy")
        assert.include(error.message, `(log: ${repo.home}/setup.log)`)
      })))
})

describe("setup.commands", () => {
  it.scopedLive("run in the worktree, one after the other, with their environment and nothing to read", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, { commands: ["pwd; echo $HOME >&2", "cat; env | grep -c SECRET; true"] })
        assert.strictEqual(
          logOf(repo),
          `$ pwd; echo $HOME >&2\n${worktree.path}\n${repo.home}\nexit 0\n$ cat; env | grep -c SECRET; true\n0\nexit 0\n`
        )
        assert.strictEqual(Fs.statSync(`${repo.home}/setup.log`).mode & 0o777, 0o600)
      })))

  it.scopedLive("stop at the first that fails, and say which, how and where to read more", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(prepare(repo, worktree, {
          commands: ["true", "echo out; echo first >&2; echo 'the reason' >&2; exit 3", "touch not-reached"]
        }))
        assert.strictEqual(
          error.message,
          "setup failed at \"echo out; echo first >&2; echo 'the reason' >&2; exit 3\": exit 3: the reason" +
            ` (log: ${repo.home}/setup.log)`
        )
        assert.include(logOf(repo), "out\nfirst\nthe reason\nexit 3\n")
        assert.isFalse(Fs.existsSync(`${worktree.path}/not-reached`))
      })))

  it.scopedLive("tell a death by signal", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(prepare(repo, worktree, { commands: ["kill -KILL $$"] }))
        assert.include(error.message, "exit SIGKILL")
      })))

  it.scopedLive("leave no process behind", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, { commands: [`sleep 1000 >/dev/null 2>&1 & echo $! > ${repo.home}/pid`] })
        const pid = Fs.readFileSync(`${repo.home}/pid`, "utf8").trim()
        assert.isFalse(Fs.existsSync(`/proc/${pid}`) && !/\) Z /.test(Fs.readFileSync(`/proc/${pid}/stat`, "utf8")))
      })))
})

describe("the baseline", () => {
  it.scopedLive("is what setup left: files it made, changed and deleted are in no patch", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, {
          commands: [
            "echo generated > generated.ts && mkdir -p made/deep && echo x > 'made/deep/odd :(glob) name'",
            "echo setup >> src/a.ts && chmod +x src/b.ts && rm package.json && ln -s a.ts src/link",
            // Times that make git look at the content again.
            "touch -h -d 2099-01-01 src/link src/a.ts generated.ts",
            "rm -r lib/other && echo x > lib/other && rm lib/file && mkdir lib/file && echo x > lib/file/x && mv lib/folder lib/moved && ln -s moved lib/folder"
          ]
        })
        assert.deepStrictEqual(yield* changedBy(worktree), nothing)
        assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner"), "")
      })))

  it.scopedLive("does not hide what the task changes further: then the whole difference to the base is in the patch", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, {
          commands: ["echo generated > generated.ts; echo setup >> src/a.ts; echo other >> src/b.ts; rm package.json"]
        })
        Fs.appendFileSync(`${worktree.path}/src/a.ts`, "task\n")
        Fs.appendFileSync(`${worktree.path}/generated.ts`, "task\n")
        Fs.writeFileSync(`${worktree.path}/package.json`, "{ \"task\": 1 }\n")
        const changes = yield* captureChanges(worktree)
        assert.deepStrictEqual(changes.files.map((file) => `${file.status} ${file.path}`), [
          "A generated.ts",
          "M package.json",
          "M src/a.ts"
        ])
        assert.strictEqual(repo.git("show", `${changes.ref}:src/a.ts`), "a\nsetup\ntask")
        assert.strictEqual(repo.git("show", `${changes.ref}:src/b.ts`), "b")
        assert.strictEqual(repo.git("show", `${changes.ref}:generated.ts`), "generated\ntask")
      })))

  it.scopedLive("sees an edit of the same size right after setup", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, { commands: ["echo setup > src/a.ts"] })
        Fs.writeFileSync(`${worktree.path}/src/a.ts`, "tasks\n")
        assert.deepStrictEqual((yield* changedBy(worktree)).files, ["M src/a.ts"])
      })))

  it.scopedLive("takes back nothing: a task that undoes setup's work has changed nothing", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, { commands: ["echo generated > generated.ts; echo setup >> src/a.ts"] })
        Fs.rmSync(`${worktree.path}/generated.ts`)
        Fs.writeFileSync(`${worktree.path}/src/a.ts`, "a\n")
        assert.deepStrictEqual(yield* changedBy(worktree), nothing)
      })))

  it.scopedLive("holds the ignore rules that setup made", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, {
          commands: ["printf 'out/\\n*.gen\\n' >> .gitignore; mkdir out; echo x > out/x"]
        })
        writeFiles(worktree.path, { "out/y": "y", "src/a.gen": "generated" })
        assert.deepStrictEqual(yield* changedBy(worktree), nothing)
      })))

  it.scopedLive("holds repositories that setup made: they are nobody's violation", () =>
    within({}, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, { commands: ["git init -q vendored && echo x > vendored/x"] })
        writeFiles(worktree.path, { "src/a.ts": "changed\n" })
        assert.deepStrictEqual(yield* changedBy(worktree), { files: ["M src/a.ts"], violations: [] })
      })))

  it.scopedLive("is no obstacle where a task puts a file in place of an ignored folder", () =>
    within({ "node_modules/x": "x" }, (repo, worktree) =>
      Effect.gen(function*() {
        yield* prepare(repo, worktree, { copy: ["node_modules"] })
        Fs.rmSync(`${worktree.path}/node_modules`, { recursive: true })
        Fs.symlinkSync("/etc", `${worktree.path}/node_modules`)
        assert.deepStrictEqual((yield* changedBy(worktree)).files, ["A node_modules"])
      })))
})
