import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { gitRepo } from "../../support/GitRepo.ts"
import { apply, leftBehind, listing, recorded, refused, statusOf, told, verified } from "./support.ts"

const files = { "a.txt": "1\n2\n3\n", "b.txt": "b\n" }

describe("apply --branch", () => {
  it.scopedLive("a commit for each task from the base on, that says which run and task; the checkout has no part in it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      const base = repo.head()
      repo.git("config", "user.name", "Mona \u001b[31m<Lisa>")
      repo.git("config", "user.email", "mona@example.invalid")
      yield* recorded(repo, {
        one: {
          write: { "a.txt": "ONE\n2\n3\n" },
          result: { summary: `Wrote ${"a very long story ".repeat(10)}.\n\nSigned-off-by: Nobody\u0007` }
        },
        two: { write: { "a.txt": "1\n2\nTHREE\n" } },
        same: { write: { "a.txt": "ONE\n2\n3\n" }, result: { summary: "" } }
      })
      repo.commit({ "a.txt": "committed since\n" })
      repo.write({ "a.txt": "and changed\n", "untracked": "x\n" })
      const before = listing(repo.root)
      const status = statusOf(repo)
      const head = repo.head()

      const applied = yield* apply(repo, { run: "last", branch: "results/r1" })
      assert.deepInclude(applied, { applied: true, branch: "results/r1", onto: base })
      assert.deepStrictEqual(applied.tasks.map(({ files, task_id }) => [task_id, ...files].join(" ")), [
        "one a.txt",
        "two a.txt",
        "same"
      ])
      const commits = applied.tasks.map(({ commit }) => commit)
      assert.strictEqual(repo.git("rev-list", "--reverse", `${base}..results/r1`), commits.slice(0, 2).join("\n"))
      assert.isNull(commits[2])
      assert.strictEqual(repo.git("show", "results/r1:a.txt"), "ONE\n2\nTHREE")
      assert.strictEqual(
        repo.git("log", "-1", "--format=%an|%ae|%ad|%cn|%ce", "--date=iso-strict", String(commits[0])),
        [
          "codex-runner r1/one",
          "codex-runner@localhost",
          "2026-11-22T10:01:00+00:00",
          "Mona Lisa",
          "mona@example.invalid"
        ].join("|")
      )
      const message = repo.git("log", "-1", "--format=%B", String(commits[0]))
      assert.match(message, /^one: Wrote a very long story [^\n]{0,60}…\n\nWrote a very long story/)
      assert.notMatch(message, /[\u001b\u0007]/)
      assert.strictEqual(
        repo.git("log", "-1", "--format=%(trailers:only)", String(commits[0])),
        `Codex-Runner-Run: r1\nCodex-Runner-Task: one\nCodex-Runner-Patch-SHA256: ${applied.tasks[0]?.patch_sha256}\n`
      )
      assert.match(repo.git("reflog", "results/r1"), /codex-runner apply r1/)
      repo.git("fsck", "--strict", "--no-dangling")
      assert.deepStrictEqual([listing(repo.root), statusOf(repo), repo.head()], [before, status, head])
      assert.strictEqual(repo.git("branch", "--show-current"), "main")
      assert.deepStrictEqual(yield* verified(repo), [{ run_id: "r1", problems: [] }])
      assert.deepStrictEqual(leftBehind(repo), [])
    }))

  it.scopedLive("refused: a name that is taken, in the way of another, or none; conflicts; with --check the same", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, { one: { write: { "b.txt": "1\n" } }, two: { write: { "b.txt": "2\n" } } })
      repo.git("branch", "deep/er")
      const names = [
        "main",
        "deep",
        "deep/er/still",
        "-x",
        "a..b",
        "HEAD",
        "@{-1}",
        "x\0y",
        "",
        "a b",
        "refs\u001b[31m",
        "x".repeat(300)
      ]
      for (const [at, name] of names.entries()) {
        const problems = told(yield* refused(repo, { run: "r1", tasks: ["one"], branch: name, check: at % 2 === 0 }))
        assert.lengthOf(problems, 1, JSON.stringify(name))
        assert.match(problems[0] ?? "", /^branch: "/)
        assert.notInclude(problems[0] ?? "", "\u001b")
      }
      assert.deepStrictEqual(told(yield* refused(repo, { run: "r1", branch: "new" })), [
        "conflict: \"b.txt\": two conflicts with task one."
      ])
      const checked = yield* apply(repo, { run: "r1", tasks: ["two"], branch: "new", check: true })
      assert.deepInclude(checked, { applied: false, branch: "new" })
      assert.deepStrictEqual(checked.tasks.map(({ commit }) => commit), [null])
      assert.strictEqual(repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads/"), "deep/er\nmain")
    }))
})
