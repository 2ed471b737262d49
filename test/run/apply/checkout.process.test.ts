import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { RunId, TaskId } from "../../../src/domain/Task.ts"
import { recordsIn } from "../../../src/store/records.ts"
import { runFolder, taskFolder } from "../../../src/store/stateFolder.ts"
import { gitRepo } from "../../support/GitRepo.ts"
import { apply, layoutIn, leftBehind, recorded, refused, statusOf, told, tryGit, verified } from "./support.ts"

const files = {
  "a.txt": "1\n2\n3\n4\n5\n",
  "b.txt": "b\n",
  "d/e.txt": "e\n",
  "gone.txt": "gone\n",
  "run.sh": "#!/bin/sh\n",
  "dir/x": "x\n",
  "dir/y": "y\n",
  "file": "file\n"
}

const everything = {
  write: {
    "a.txt": "1\n2\nthree\n4\n5\n",
    "new/deep/n.txt": "n\n",
    "link": { link: "a.txt" },
    "run.sh": { exec: "#!/bin/sh\n" },
    "bin.dat": new Uint8Array([0, 1, 255, 10, 13, 10]),
    "dir": "a file now\n",
    "file/inside": "a folder now\n",
    "-n": "odd\n",
    "new\nline \"q\" \\ ü": "odd\n",
    "no-eol": "no end"
  },
  remove: ["gone.txt", "d"]
}

describe("apply, into the checkout", () => {
  it.scopedLive("every kind of change, staged, as git cherry-pick --no-commit leaves it; on record", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      repo.write({ "mine.txt": "untracked\n", "b.txt": "my own change\n" })
      yield* recorded(repo, { one: everything })
      const head = repo.head()
      const applied = yield* apply(repo, { run: "last" })
      assert.deepInclude(applied, {
        run_id: RunId.make("r1"),
        applied: true,
        branch: null,
        onto: head,
        left_out: [],
        notes: []
      })
      assert.deepStrictEqual(
        applied.tasks.map(({ commit, files, task_id }) => ({ commit, files: files.length, task_id })),
        [
          { commit: null, files: 15, task_id: TaskId.make("one") }
        ]
      )
      const staged = repo.git("write-tree")
      assert.strictEqual(staged, repo.git("rev-parse", "refs/codex-runner/r1/one^{tree}"))
      assert.deepStrictEqual(statusOf(repo).filter((line) => !/^[AMDT] /.test(line)), [" M b.txt", "?? mine.txt"])
      assert.strictEqual(repo.git("diff", "--name-only"), "b.txt")
      assert.strictEqual(repo.read("b.txt"), "my own change\n")
      assert.isFalse(Fs.existsSync(`${repo.root}/d`), "an empty folder stays")
      assert.strictEqual(repo.head(), head)
      repo.git("fsck", "--strict", "--no-dangling")

      const records = Fs.readFileSync(recordsIn(runFolder(layoutIn(repo), "r1")), "utf8").trim().split("\n")
      assert.deepInclude(JSON.parse(records.at(-1) ?? ""), {
        kind: "apply",
        task_id: "one",
        status: "checkout",
        patch_sha256: applied.tasks[0]?.patch_sha256
      })
      assert.deepStrictEqual(yield* verified(repo), [{ run_id: "r1", problems: [] }])
      assert.deepStrictEqual(leftBehind(repo), [])
      assert.deepStrictEqual(Fs.readdirSync(`${repo.root}/.git`).filter((name) => /codex|lock/.test(name)), [])

      repo.git("commit", "-qm", "applied")
      assert.deepStrictEqual((yield* apply(repo, { run: "r" })).notes, ["The checkout has all of it already."])
    }))

  it.scopedLive("several tasks in the order given, on a HEAD that has moved on", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, {
        top: { write: { "a.txt": "ONE\n2\n3\n4\n5\n" } },
        bottom: { write: { "a.txt": "1\n2\n3\n4\nFIVE\n" } },
        none: {},
        late: { result: { status: "timeout", error: { kind: "timeout", message: "Too slow." } }, write: { "z": "z\n" } }
      })
      repo.commit({ "a.txt": "1\n2\nthree\n4\n5\n", "d/e.txt": "mine\n" })
      const checked = yield* apply(repo, { run: "r1", check: true })
      assert.deepStrictEqual(statusOf(repo), [])
      const applied = yield* apply(repo, { run: "r1", tasks: ["bottom", "top"] })
      assert.deepStrictEqual(applied.tasks.map(({ task_id }) => task_id), ["bottom", "top"])
      assert.deepStrictEqual(checked.tasks.map(({ task_id }) => task_id), ["top", "bottom"])
      assert.isFalse(checked.applied)
      assert.deepStrictEqual(checked.left_out, [
        { task_id: TaskId.make("none"), reason: "it changed nothing." },
        { task_id: TaskId.make("late"), reason: "it ended as timeout: Too slow." }
      ])
      assert.strictEqual(repo.read("a.txt"), "ONE\n2\nthree\n4\nFIVE\n")
      assert.deepStrictEqual(statusOf(repo), ["M  a.txt"])
    }))

  it.scopedLive("conflicts are named by file and task, all at once, and never written", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, {
        one: { write: { "a.txt": "one\n2\n3\n4\n5\n", "b.txt": "one\n" } },
        two: { write: { "a.txt": "two\n2\n3\n4\n5\n", "ok": "ok\n" } },
        three: { remove: ["d"], write: { "b.txt": "three\n" } },
        four: { write: { "dir": "a file\n" } },
        five: { write: { "dir/x": "changed\n" } }
      })
      repo.commit({ "d/e.txt": "mine\n" })
      const problems = yield* refused(repo, { run: "r1" })
      assert.deepStrictEqual(
        problems.map(({ kind, path, task_id, with: others }) => [kind, task_id, path, others]),
        [
          ["conflict", "two", "a.txt", ["one"]],
          ["conflict", "three", "b.txt", ["one"]],
          ["conflict", "three", "d/e.txt", ["HEAD"]],
          ["conflict", "five", "dir", ["four"]],
          ["conflict", "five", "dir/x", ["four"]]
        ]
      )
      assert.deepStrictEqual(told(problems).slice(1, 3), [
        "conflict: \"b.txt\": three conflicts with task one.",
        "conflict: \"d/e.txt\": three conflicts with what was committed since the base."
      ])
      assert.deepStrictEqual(told(yield* refused(repo, { run: "r1", check: true })), told(problems))
    }))
})

describe("apply, and the user's own work", () => {
  const tasks = { one: { write: { "a.txt": "A\n", "new/n.txt": "n\n", "dir": "file\n" }, remove: ["b.txt"] } }
  const cases: ReadonlyArray<readonly [string, (repo: Parameters<typeof refused>[0]) => void, ReadonlyArray<string>]> =
    [
      ["changed, not staged", (repo) => repo.write({ "a.txt": "mine\n" }), [
        "uncommitted: \"a.txt\" has changes of yours that are not committed."
      ]],
      ["staged", (repo) => {
        repo.write({ "a.txt": "mine\n" })
        repo.git("add", "a.txt")
      }, ["uncommitted: \"a.txt\" has changes of yours that are not committed."]],
      ["staged, then put back on disk", (repo) => {
        repo.write({ "a.txt": "mine\n" })
        repo.git("add", "a.txt")
        repo.write({ "a.txt": files["a.txt"] })
      }, ["uncommitted: \"a.txt\" has changes of yours that are not committed."]],
      ["hidden from git by assume-unchanged", (repo) => {
        repo.git("update-index", "--assume-unchanged", "a.txt")
        repo.write({ "a.txt": "mine\n" })
      }, ["uncommitted: \"a.txt\" has changes of yours that are not committed."]],
      ["of the same size within the same second", (repo) => {
        const { atime, mtime } = Fs.statSync(`${repo.root}/b.txt`)
        repo.write({ "b.txt": "B\n" })
        Fs.utimesSync(`${repo.root}/b.txt`, atime, mtime)
      }, ["uncommitted: \"b.txt\" has changes of yours that are not committed."]],
      ["deleted", (repo) => Fs.rmSync(`${repo.root}/b.txt`), [
        "uncommitted: \"b.txt\" has changes of yours that are not committed."
      ]],
      ["made executable", (repo) => Fs.chmodSync(`${repo.root}/a.txt`, 0o755), [
        "uncommitted: \"a.txt\" has changes of yours that are not committed."
      ]],
      ["an untracked file in the place of a new one", (repo) => repo.write({ "new/n.txt": "mine\n" }), [
        "untracked: \"new/n.txt\" is in the way, and git doesn't know it."
      ]],
      ["an ignored one", (repo) => {
        Fs.writeFileSync(`${repo.root}/.git/info/exclude`, "n.txt\n")
        repo.write({ "new/n.txt": "mine\n" })
      }, ["untracked: \"new/n.txt\" is in the way, and git doesn't know it."]],
      ["an untracked file in the place of a folder", (repo) => repo.write({ "new": "mine\n" }), [
        "untracked: \"new\" is in the way, and git doesn't know it."
      ]],
      ["a link to elsewhere in the place of a folder", (repo) => {
        Fs.mkdirSync(`${repo.home}/elsewhere`)
        repo.write({ "new": { link: "../elsewhere" } })
      }, ["untracked: \"new\" is in the way, and git doesn't know it."]],
      ["an untracked file in a folder that gives way to a file", (repo) => repo.write({ "dir/mine/z.txt": "mine\n" }), [
        "untracked: \"dir/mine/z.txt\" is in the way, and git doesn't know it."
      ]],
      ["several at once", (repo) => repo.write({ "a.txt": "mine\n", "new/n.txt": "mine\n" }), [
        "uncommitted: \"a.txt\" has changes of yours that are not committed.",
        "untracked: \"new/n.txt\" is in the way, and git doesn't know it."
      ]],
      ["another git at work", (repo) => Fs.writeFileSync(`${repo.root}/.git/index.lock`, ""), [
        "checkout: another git process is at work: REPO/.git/index.lock is there. Wait for it; if there is none, remove the file."
      ]],
      ["a merge under way", (repo) => {
        repo.git("checkout", "-qb", "side")
        repo.commit({ "d/e.txt": "side\n" })
        repo.git("checkout", "-q", "main")
        repo.commit({ "d/e.txt": "main\n" })
        assert.strictEqual(tryGit(repo.root, repo.env, "merge", "side").code, 1)
      }, ["checkout: a merge is under way in the checkout. End it first."]]
    ]

  it.scopedLive("in the same files: refused, with each file's name", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, tasks)
      const exclude = Fs.readFileSync(`${repo.root}/.git/info/exclude`)
      for (const [name, prepare, expected] of cases) {
        prepare(repo)
        const messages = told(yield* refused(repo, { run: "r1" })).map((text) => text.replaceAll(repo.root, "REPO"))
        assert.deepStrictEqual(messages, expected, name)
        Fs.rmSync(`${repo.root}/.git/index.lock`, { force: true })
        Fs.writeFileSync(`${repo.root}/.git/info/exclude`, exclude)
        repo.git("update-index", "--no-assume-unchanged", "a.txt")
        repo.git("reset", "-q", "--hard")
        repo.git("clean", "-qffdx")
      }
    }))

  it.scopedLive("in other files: left as it is, staged or not", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, tasks)
      repo.write({ "gone.txt": "mine\n", "run.sh": "staged\n", "new/mine.txt": "mine\n" })
      repo.git("add", "run.sh")
      repo.write({ "run.sh": "staged, and more\n" })
      yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(statusOf(repo), [
        "M  a.txt",
        "D  b.txt",
        "A  dir",
        "D  dir/x",
        "D  dir/y",
        " M gone.txt",
        "A  new/n.txt",
        "MM run.sh",
        "?? new/mine.txt"
      ])
      assert.strictEqual(repo.git("show", ":run.sh"), "staged")
    }))
})

describe("apply refuses a task", () => {
  it.scopedLive("that did not succeed, with the command to take it all the same, which works", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, {
        bad: {
          write: { "b.txt": "bad\n" },
          result: {
            status: "failed",
            error: { kind: "policy", message: "Path not in allowed patterns: \"b.txt\"" },
            violations: [{ kind: "path", detail: "Path not in allowed patterns: \"b.txt\"" }]
          }
        },
        good: { write: { "a.txt": "A\n" } },
        never: { result: { status: "skipped" } }
      })
      const problems = yield* refused(repo, { run: "r1", tasks: ["good", "bad", "never"] })
      assert.deepStrictEqual(
        problems.map(({ kind, message, remedy, task_id }) => ({ kind, message, remedy, task_id })),
        [
          {
            kind: "task",
            task_id: TaskId.make("bad"),
            message: "bad: it ended as failed: Path not in allowed patterns: \"b.txt\"",
            remedy: "To take what it left all the same: git cherry-pick --no-commit refs/codex-runner/r1/bad"
          },
          { kind: "task", task_id: TaskId.make("never"), message: "never: it was never started.", remedy: null }
        ]
      )
      repo.git("cherry-pick", "--no-commit", "refs/codex-runner/r1/bad")
      assert.strictEqual(repo.read("b.txt"), "bad\n")
      const none = yield* refused(repo, { run: "r1", tasks: ["never", "never"] })
      assert.lengthOf(none, 1)
    }))

  it.scopedLive("where there is nothing to apply, with each reason", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, { none: {}, never: { result: { status: "skipped" } } })
      assert.deepStrictEqual(told(yield* refused(repo, { run: "r1" })), [
        "task: there is nothing to apply. none: it changed nothing. never: it was never started."
      ])
    }))

  for (const file of ["patch.diff", "result.json"]) {
    it.scopedLive(`whose ${file} is not what was signed`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo({ files })
        yield* recorded(repo, { one: { write: { "a.txt": "A\n" } } })
        Fs.appendFileSync(`${taskFolder(layoutIn(repo), "r1", "one")}/${file}`, " ")
        const [problem] = yield* refused(repo, { run: "r1" })
        assert.strictEqual(problem.kind, "record")
        assert.match(problem.message, /its (patch|result) was changed/)
        assert.strictEqual(problem.remedy, "See: codex-runner runs verify r1")
      }))
  }

  it.scopedLive("a ref that was moved is no matter: the signed patch is what counts", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, { one: { write: { "a.txt": "A\n" } }, two: { write: { "d/e.txt": "E\n" } } })
      repo.git("update-ref", "refs/codex-runner/r1/one", repo.git("rev-parse", "refs/codex-runner/r1/two"))
      repo.git("update-ref", "-d", "refs/codex-runner/r1/two")
      yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual([repo.read("a.txt"), repo.read("d/e.txt")], ["A\n", "E\n"])
      repo.git("fsck", "--strict", "--no-dangling")
    }))

  it.scopedLive("names that are not there: the nearest, as a request's problem", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, { one: {} })
      const run = yield* Effect.flip(apply(repo, { run: "x9" }))
      assert.match(run.message, /run: no run "x9"\. The latest are: r1\./)
      const task = yield* Effect.flip(apply(repo, { run: "r1", tasks: ["onne"] }))
      assert.match(task.message, /the run has no task "onne"\. Did you mean one\?/)
    }))
})
