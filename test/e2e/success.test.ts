import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import * as Reply from "../../src/scripted/Reply.ts"
import { scene } from "./support/scene.ts"
import { addFile, command, patch, task } from "./support/script.ts"

const tasks = {
  add: task(addFile("src/added.txt", "new"), command("npm test")),
  edit: task(
    command("cat src/base.txt"),
    patch("*** Update File: src/base.txt", "@@", " one", "-two", "+zwei", " three"),
    command("npm test")
  ),
  look: task(Reply.calls([Reply.command("ls src"), Reply.command("git status --short")]))
}

describe("a run", () => {
  for (const model of ["gpt-5.5", "gpt-6-sol"] as const) {
    it.scopedLive(`three tasks in parallel, ${model}: each patch applies to the checkout`, () =>
      Effect.gen(function*() {
        const { model: scripted, repo, run } = yield* scene({ tasks, model })
        const { code, result, stderr, task } = yield* run({ request: { run_id: "three", concurrency: 3 } })

        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(result.status, "completed")
        assert.strictEqual(result.run_id, "three")
        assert.strictEqual(result.base_commit, repo.head())
        assert.deepStrictEqual(result.results.map(({ task_id }) => String(task_id)), ["add", "edit", "look"])
        for (const { error, patch_applicable, status, violations } of result.results) {
          assert.deepStrictEqual({ error, patch_applicable, status, violations }, {
            error: null,
            patch_applicable: true,
            status: "success",
            violations: []
          })
        }
        const starts = result.results.map(({ started_at }) => Date.parse(started_at ?? ""))
        const ends = result.results.map(({ finished_at }) => Date.parse(finished_at ?? ""))
        assert.isBelow(Math.max(...starts), Math.min(...ends), "all three were at work at once")

        assert.deepStrictEqual(task("add").files_changed, ["src/added.txt"])
        assert.deepStrictEqual(task("edit").files_changed, ["src/base.txt"])
        assert.deepStrictEqual(task("edit").commands_run, [
          { cmd: "cat src/base.txt", exit_code: 0 },
          { cmd: "npm test", exit_code: 0 }
        ])
        assert.strictEqual(task("add").summary, "Done.")
        assert.deepStrictEqual(task("add").usage, {
          input_tokens: 3000,
          cached_input_tokens: 1200,
          output_tokens: 150,
          reasoning_output_tokens: 60
        })
        assert.deepStrictEqual(
          [task("look").files_changed, task("look").patch, task("look").ref, task("look").patch_path],
          [[], "", null, null]
        )

        for (const id of ["add", "edit"]) {
          const { patch, patch_path, ref } = task(id)
          assert.strictEqual(ref, `refs/codex-runner/three/${id}`)
          assert.strictEqual(readFileSync(patch_path ?? "", "utf8"), patch)
          assert.strictEqual(repo.git("rev-parse", `${ref}^`), repo.head())
          repo.git("apply", "--index", patch_path ?? "")
        }
        assert.strictEqual(repo.git("status", "--porcelain"), "A  src/added.txt\nM  src/base.txt")
        assert.strictEqual(repo.read("src/base.txt"), "one\nzwei\nthree\n")
        assert.strictEqual(
          repo.git("rev-parse", ":src/base.txt"),
          repo.git("rev-parse", "refs/codex-runner/three/edit:src/base.txt")
        )

        const requests = yield* scripted.requests
        assert.isTrue(requests.every(({ turn }) => turn.codeMode === (model === "gpt-6-sol")))
      }))
  }

  it.scopedLive("without --json: the table and the next steps on stdout, progress on stderr", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks: { add: tasks.add } })
      const { code, stderr, stdout } = yield* cli(["run", "-"], {
        stdin: JSON.stringify([{ task_id: "add", prompt: "Do what add asks." }])
      })
      assert.strictEqual(code, 0, stderr)
      assert.match(
        stdout,
        /^TASK +STATUS +TIME +FILES +CMDS +TOKENS\nadd +success +[\d.]+ s +1 \(\+1 -0\) +1 +3\.1k$/m
      )
      const [, run = ""] = /^ {2}apply: {2}codex-runner apply (\S+) add$/m.exec(stdout) ?? []
      assert.include(stdout, `  show:   codex-runner runs show ${run} add`)
      assert.strictEqual(repo.git("show", `refs/codex-runner/${run}/add:src/added.txt`), "new")
      assert.match(stderr, /^add {2}working$/m)
      assert.match(stderr, /^add {2}ok: npm test$/m)
      assert.notInclude(stdout + stderr, "\u001b")
    }))
})
