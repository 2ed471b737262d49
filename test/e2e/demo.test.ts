import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Path from "node:path"
import { codexWrapper, scene } from "./support/scene.ts"

const withCodex = { PATH: `${Path.dirname(codexWrapper)}:${process.env["PATH"] ?? ""}` }

describe("codex-runner demo", () => {
  it.scopedLive("shows three tasks with their patches, and says which one's tests failed; also a second time", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene()
      for (const _ of ["first", "second"]) {
        const { code, stderr, stdout } = yield* cli(["demo"], { cwd: "/", env: withCodex })
        assert.strictEqual(code, 0, stderr)
        for (const id of ["add-clamp", "add-slugify", "round-to-cents"]) {
          assert.match(stdout, new RegExp(`^${id} +success +[\\d.]+ s +2 \\(\\+\\d+ -\\d+\\) +\\d `, "m"))
        }
        assert.lengthOf(stdout.match(/^diff --git a\/src\/\w+\.js /gm) ?? [], 3)
        assert.include(stdout, "The last run of `npm test` failed (exit 1)")
        assert.match(stdout, /^  codex-runner run tasks\.json$/m)
        assert.notInclude(stdout + stderr, "\u001b")
      }
    }))

  it.scopedLive("a key of the user's is not sent to the scripted model, nor needed", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene()
      const { code, stdout } = yield* cli(["demo"], {
        cwd: "/",
        env: { ...withCodex, CODEX_API_KEY: "sk-users-own-key" }
      })
      assert.strictEqual(code, 0)
      assert.notInclude(stdout, "sk-users-own-key")
    }))

  it.scopedLive("without Codex: exit 3 with the remedy, nothing on stdout", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene()
      const { code, stderr, stdout } = yield* cli(["demo"], { cwd: "/" })
      assert.deepStrictEqual({ code, stdout }, { code: 3, stdout: "" })
      assert.match(stderr, /ENOENT: spawn codex ENOENT.* npm install -g @openai\/codex/)
    }))
})
