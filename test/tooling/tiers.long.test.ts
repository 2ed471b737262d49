import { assert, describe, it } from "@effect/vitest"
import { withProject } from "./project.ts"

/** A test that passes where nothing of its caller's environment is left. */
const isolated = `import { assert, it } from "@effect/vitest"
it("is isolated", () => {
  const names = Object.keys(process.env).filter((name) => /^(CODEX|OPENAI|XDG|GIT)_/.test(name)).sort()
  assert.deepStrictEqual(names, [
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM"
  ])
  assert.strictEqual(process.env["GIT_AUTHOR_NAME"], "Test")
})
`

describe("the tiers of tests", () => {
  it("run each test once, each in its tier, with nothing of who runs them", () =>
    withProject({
      "test/run/a.test.ts": isolated,
      "test/run/a.process.test.ts": isolated,
      "test/e2e/a.test.ts": isolated,
      "test/e2e/b.process.test.ts": isolated,
      "test/e2e/c.long.test.ts": isolated,
      "test/run/d.long.test.ts": isolated
    }, async ({ run }) => {
      const { code, stdout } = await run(process.execPath, ["node_modules/vitest/vitest.mjs", "run"], {
        NO_COLOR: "1",
        CODEX_API_KEY: "key",
        OPENAI_BASE_URL: "http://127.0.0.1:9",
        XDG_STATE_HOME: "/nowhere",
        GIT_DIR: "/nowhere/.git",
        GIT_AUTHOR_NAME: "Somebody"
      })
      assert.deepStrictEqual((stdout.match(/✓ \|\w+\| \S+/g) ?? []).sort(), [
        "✓ |e2e| test/e2e/a.test.ts",
        "✓ |e2e| test/e2e/b.process.test.ts",
        "✓ |long| test/e2e/c.long.test.ts",
        "✓ |long| test/run/d.long.test.ts",
        "✓ |process| test/run/a.process.test.ts",
        "✓ |unit| test/run/a.test.ts"
      ])
      assert.strictEqual(code, 0)
    }))
})
