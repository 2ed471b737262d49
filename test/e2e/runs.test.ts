import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { outcomeOf, promptOf, scene } from "./support/scene.ts"
import { addFile, command, done, task, wellBehaved } from "./support/script.ts"
import { stateOf } from "./support/untouched.ts"

const tasks = { one: wellBehaved("one") }

describe("a run's name", () => {
  it.scopedLive("the same with the same request gives that run back, and asks the model nothing", () =>
    Effect.gen(function*() {
      const { prompts, run } = yield* scene({ tasks })
      const first = yield* run({ request: { run_id: "again" } })
      const asked = (yield* prompts).length
      const second = yield* run({ request: { run_id: "again" } })
      assert.isAbove(asked, 0)
      assert.deepStrictEqual(second.result, first.result)
      assert.match(second.stderr, /^run again is over and on record/m)
      assert.strictEqual(second.code, 0)
      assert.strictEqual((yield* prompts).length, asked)
    }))

  it.scopedLive("the same with another request is refused", () =>
    Effect.gen(function*() {
      const { cli, prompts, run } = yield* scene({ tasks })
      yield* run({ request: { run_id: "again" } })
      const asked = (yield* prompts).length
      const { code, stderr, stdout } = yield* cli(["run", "-", "--run-id", "again"], {
        stdin: JSON.stringify([{ task_id: "one", prompt: "Something else." }])
      })
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.match(stderr, /run_id: run "again" exists already, with another request\. Choose another run_id/)
      assert.strictEqual((yield* prompts).length, asked)
    }))

  it.scopedLive("made up where none is given, and names git can't take as they are work, too", () =>
    Effect.gen(function*() {
      const { cli, repo, run } = yield* scene({ tasks })
      assert.match((yield* run()).result.run_id, /^\d{8}-\d{6}-\w+$/)
      const odd = outcomeOf(
        yield* cli(["run", "-", "--json", "--run-id", "v1..lock"], {
          stdin: JSON.stringify([{ task_id: ".a.lock", prompt: promptOf("one") }])
        })
      )
      assert.strictEqual(odd.code, 0, odd.stderr)
      const { ref } = odd.task(".a.lock")
      assert.strictEqual(ref, "refs/codex-runner/v1%2E%2Elock/%2Ea%2Elock")
      assert.strictEqual(repo.git("show", `${ref}:src/one.txt`), "one")
    }))
})

describe("runs on disk", () => {
  it.scopedLive("beyond max_runs_retained the oldest go, with their refs", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({ tasks, config: { max_runs_retained: 2 } })
      for (const run_id of ["first", "second", "third"]) yield* run({ request: { run_id } })
      const refs = repo.git("for-each-ref", "--format=%(refname)", "refs/codex-runner").split("\n")
      assert.deepStrictEqual(refs, ["refs/codex-runner/second/one", "refs/codex-runner/third/one"])
      const [layout = ""] = Fs.readdirSync(stateOf(repo)).filter((name) => name !== "codex")
      assert.deepStrictEqual(Fs.readdirSync(`${stateOf(repo)}/${layout}/runs`).sort(), ["second", "third"])
    }))

  it.scopedLive("are for their owner alone: files 0600, folders 0700", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({ tasks })
      yield* run()
      const state = stateOf(repo)
      for (const name of Fs.readdirSync(state, { recursive: true, encoding: "utf8" })) {
        // The cache that all tests share.
        if (name === "codex" || name.startsWith("codex/")) continue
        const stats = Fs.lstatSync(Path.join(state, name))
        const mode = stats.mode & 0o777
        assert.strictEqual(mode.toString(8), stats.isDirectory() ? "700" : "600", name)
      }
    }))
})

describe("--keep-worktrees", () => {
  const some = {
    good: wellBehaved("good"),
    bad: task(addFile("docs/outside.md", "x"), command("node work.mjs"), done)
  }
  const files = {
    "work.mjs": "import * as fs from 'node:fs'\nfs.mkdirSync('docs', { recursive: true })\n"
      + "fs.writeFileSync('docs/made.md', 'x')\n"
  }

  for (const [mode, kept] of [["always", ["bad", "good"]], ["on_failure", ["bad"]], ["never", []]] as const) {
    it.scopedLive(`${mode}: ${kept.join(" and ") || "none"} stays`, () =>
      Effect.gen(function*() {
        const { repo, run } = yield* scene({ tasks: some, files })
        const { code, task: resultOf } = yield* run({
          args: ["--keep-worktrees", mode],
          keepsWorktrees: kept.length > 0
        })
        assert.strictEqual(code, 1)
        for (const id of ["good", "bad"] as const) {
          const { workspace_path } = resultOf(id)
          const stays = kept.some((name) => name === id)
          assert.strictEqual(Fs.existsSync(workspace_path), stays, id)
          assert.strictEqual(repo.git("worktree", "list").includes(workspace_path), stays, id)
        }
        if (mode === "always") {
          assert.strictEqual(Fs.readFileSync(`${resultOf("good").workspace_path}/src/good.txt`, "utf8"), "good\n")
        }
      }))
  }
})
