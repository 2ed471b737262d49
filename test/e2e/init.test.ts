import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, rmSync, symlinkSync } from "node:fs"
import { scene } from "./support/scene.ts"

describe("codex-runner init", () => {
  it.scopedLive("writes what fits, once, and never over anything", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({
        files: {
          ".gitignore": "node_modules/\n",
          "package.json": `{"scripts":{"test":"node --test","lint":"eslint ."}}`,
          "src/deep/a.js": "",
          "tests/a.test.js": ""
        }
      })
      const file = `${repo.root}/.mcp-codex.json`
      rmSync(file)
      mkdirSync(`${repo.root}/node_modules/x`, { recursive: true })

      const printed = yield* cli(["init", "--print"], { cwd: `${repo.root}/src/deep` })
      assert.strictEqual(printed.code, 0, printed.stderr)
      assert.deepInclude(JSON.parse(printed.stdout), {
        allowed_commands: ["npm test", "npm run lint"],
        default_allowed_paths: ["src/**", "tests/**"],
        setup: { copy: ["node_modules"] }
      })

      const written = yield* cli(["init"], { cwd: `${repo.root}/src/deep`, unchecked: true })
      assert.deepStrictEqual({ code: written.code, stdout: written.stdout }, { code: 0, stdout: "" })
      assert.strictEqual(repo.read(".mcp-codex.json"), printed.stdout)
      assert.include(written.stderr, "npm run lint  (script \"lint\" in package.json)")
      assert.include(written.stderr, "codex-runner doctor")
      assert.notInclude(written.stderr, "codex-runner trust")

      const again = yield* cli(["init"])
      assert.strictEqual(again.code, 1)
      assert.include(again.stderr, "is there already: nothing was written")

      const trusted = yield* cli(["trust"])
      assert.strictEqual(trusted.code, 0, trusted.stderr)
      assert.include(trusted.stderr, "Nothing to trust")

      rmSync(file)
      symlinkSync(`${repo.home}/elsewhere`, file)
      assert.strictEqual((yield* cli(["init"])).code, 1)
    }))

  it.scopedLive("outside of a repository says what to do", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene()
      const { code, stderr } = yield* cli(["init"], { cwd: "/" })
      assert.strictEqual(code, 3)
      assert.include(stderr, "--repo")
    }))
})
