import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { scene } from "./support/scene.ts"
import { wellBehaved } from "./support/script.ts"

const tasks = { one: wellBehaved("one"), two: wellBehaved("two") }

describe("a dry run", () => {
  for (
    const [how, options] of Object.entries({
      "dry_run in the request": { request: { dry_run: true } },
      "--dry-run": { args: ["--dry-run"] }
    })
  ) {
    it.scopedLive(`${how}: everything is checked, the model is asked nothing`, () =>
      Effect.gen(function*() {
        const { cli, prompts, repo, run } = yield* scene({ tasks })
        const { code, result } = yield* run(options)
        assert.strictEqual(code, 0)
        assert.strictEqual(result.status, "completed")
        assert.deepStrictEqual(
          result.results.map((one) => [one.task_id, one.status, one.error, one.ref]),
          [["one", "skipped", null, null], ["two", "skipped", null, null]]
        )
        assert.deepStrictEqual(yield* prompts, [])
        assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner"), "")
        assert.match((yield* cli(["runs", "show", "last"])).stdout, /^A dry run: /m)
        assert.match((yield* cli(["runs", "logs", "last"])).stderr, /^Nothing is logged/)
      }))
  }

  it.scopedLive("finds what a run would be refused for", () =>
    Effect.gen(function*() {
      const { cli, prompts } = yield* scene({ tasks })
      const { code, stderr, stdout } = yield* cli(["run", "-", "--dry-run", "--base-ref", "no-such-branch"], {
        stdin: JSON.stringify([{ task_id: "one", prompt: "x", allowed_commands: ["make all"] }])
      })
      assert.strictEqual(code, 2)
      assert.strictEqual(stdout, "")
      assert.include(stderr, `base_ref: "no-such-branch" names no commit`)
      assert.include(stderr, `tasks[0].allowed_commands[0]: "make all" is covered by no configured command`)
      assert.deepStrictEqual(yield* prompts, [])
    }))
})
