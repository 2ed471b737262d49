import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { RunnerConfigInput } from "../../src/config/RunnerConfig.ts"
import * as Reply from "../../src/scripted/Reply.ts"
import { exitCode } from "../../src/scripted/Turn.ts"
import type { Files } from "../support/GitRepo.ts"
import { scene } from "./support/scene.ts"
import { addFile, patch, task } from "./support/script.ts"

/** A project, and what a well-meaning model does in it, step by step, as real ones do. */
interface Project {
  readonly files: Files
  readonly config: RunnerConfigInput
  readonly steps: ReadonlyArray<Reply.Reply | ReadonlyArray<string>>
  readonly changed: ReadonlyArray<string>
}

const projects: Readonly<Record<string, Project>> = {
  "a Node project": {
    files: {
      "package.json": JSON.stringify({
        name: "node-project",
        type: "module",
        scripts: { test: "node --test tests/", lint: "node lint.mjs" }
      }),
      "README.md": "# Node project\n",
      "lint.mjs": "console.log('clean')\n",
      "src/sum.js": "export const sum = (a, b) => {\n  return a - b\n}\n",
      "src/util/text.js": "export const trim = (text) => text.trim() // TODO\n",
      "tests/sum.test.js":
        `import { test } from "node:test"\nimport assert from "node:assert"\nimport { sum } from "../src/sum.js"\n` +
        `test("sums", () => assert.equal(sum(1, 2), 3))\n`
    },
    config: { allowed_commands: ["npm test", "npm run lint", "npx tsc --noEmit"] },
    steps: [
      ["pwd && ls -la", "git status --short && git log --oneline -5", "rg --files"],
      [
        `rg -n "TODO|FIXME" -S src`,
        `grep -rn --include='*.js' "sum" . | head -20`,
        "find . -name '*.test.js' -not -path './node_modules/*'"
      ],
      [
        "sed -n '1,200p' src/sum.js",
        "cat package.json tests/sum.test.js",
        "nl -ba src/sum.js | sed -n '1,3p'",
        "head -n 20 README.md",
        "wc -l src/sum.js src/util/text.js"
      ],
      patch(
        "*** Update File: src/sum.js",
        "@@",
        " export const sum = (a, b) => {",
        "-  return a - b",
        "+  return a + b",
        " }"
      ),
      addFile("tests/more.test.js", `import { test } from "node:test"`, `test("more", () => {})`),
      ["npm test", "npm test -- --test-reporter=spec 2>&1 | tail -n 20", "npm run lint --silent"],
      ["git diff", "git diff --stat HEAD -- src", "git status --porcelain=v1", "git show HEAD:src/sum.js | head -5"]
    ],
    changed: ["src/sum.js", "tests/more.test.js"]
  },
  "a Python project": {
    files: {
      "pyproject.toml": "[project]\nname = \"shop\"\nversion = \"0\"\n",
      "shop/__init__.py": "",
      "shop/cart.py":
        "class Cart:\n    def __init__(self):\n        self.items = []\n\n    def total(self):\n        return 0\n",
      "tests/__init__.py": "",
      "tests/test_cart.py":
        "import unittest\nfrom shop.cart import Cart\n\n\nclass CartTest(unittest.TestCase):\n    def test_total(self):\n" +
        "        cart = Cart()\n        cart.items.append(2)\n        self.assertEqual(cart.total(), 2)\n"
    },
    config: {
      allowed_commands: ["python3 -m unittest"],
      default_allowed_paths: ["shop/**", "tests/**"]
    },
    steps: [
      [
        "ls",
        "rg --files -g '*.py'",
        `rg -n "def |class " shop tests`,
        "sed -n '1,40p' shop/cart.py",
        "tail -n +1 tests/test_cart.py"
      ],
      ["python3 -m unittest discover -s tests -v 2>&1 | tail -n 30"],
      patch(
        "*** Update File: shop/cart.py",
        "@@     def total(self):",
        "-        return 0",
        "+        return sum(self.items)"
      ),
      [
        "python3 -m unittest",
        "python3 -m unittest tests.test_cart.CartTest.test_total -v",
        "python3 -m unittest discover -s tests -t ."
      ],
      ["git diff -- shop/cart.py", "git status -sb", `grep -n "sum(" shop/cart.py`]
    ],
    changed: ["shop/cart.py"]
  },
  "a monorepo": {
    files: {
      "package.json": JSON.stringify({
        private: true,
        workspaces: ["packages/*"],
        scripts: { test: "npm test --workspaces" }
      }),
      ".npmrc": "update-notifier=false\n",
      "packages/a/package.json": JSON.stringify({
        name: "a",
        version: "0.0.0",
        type: "module",
        scripts: { test: "node test.mjs" }
      }),
      "packages/a/index.mjs": "export const a = 1\n",
      "packages/a/test.mjs":
        "import { a } from './index.mjs'\nif (a !== 2) throw new Error('a is ' + a)\nconsole.log('a ok')\n",
      "packages/b/package.json": JSON.stringify({ name: "b", version: "0.0.0", scripts: { test: "node -e 0" } })
    },
    config: { allowed_commands: ["npm test"], default_allowed_paths: ["packages/**"] },
    steps: [
      [
        "ls packages",
        "cat packages/a/package.json && cat packages/a/index.mjs",
        `rg -n "export" packages --glob '!**/node_modules/**'`,
        "cd packages/a && ls -la"
      ],
      ["cd packages/a && npm test"],
      patch("*** Update File: packages/a/index.mjs", "@@", "-export const a = 1", "+export const a = 2"),
      [
        "cd packages/a && npm test",
        "npm test --workspace=packages/a",
        "npm test -w packages/a --if-present",
        "cd packages && cat a/index.mjs | head -1"
      ],
      [
        "git status --short || true",
        "git diff --name-only",
        "git ls-files packages | sort | uniq | wc -l",
        "stat packages/a/index.mjs; file packages/a/index.mjs"
      ]
    ],
    changed: ["packages/a/index.mjs"]
  }
}

/** Commands whose program this machine lacks say so, and are no matter of the gate's. */
const isMissingHere = (reason: string): boolean => /isn't installed here/.test(reason)

describe("a well-meaning model", () => {
  for (const [name, { changed, config, files, steps }] of Object.entries(projects)) {
    for (const model of ["gpt-5.5", "gpt-6-sol"] as const) {
      it.scopedLive(`in ${name}, ${model}: meets no denial`, () =>
        Effect.gen(function*() {
          const replies = steps.map((step) =>
            "_tag" in step ? step : Reply.calls(step.map((text) => Reply.command(text)))
          )
          const { model: scripted, run } = yield* scene({ tasks: { friendly: task(...replies) }, files, config, model })
          const { code, stderr, task: resultOf } = yield* run({ args: ["--trust-config"] })

          const result = resultOf("friendly")
          assert.deepStrictEqual(result.denied.filter(({ reason }) => !isMissingHere(reason)), [])
          assert.strictEqual(code, 0, stderr)
          assert.strictEqual(result.status, "success")
          assert.strictEqual(result.enforcement, "pre-execution")
          assert.deepStrictEqual(result.files_changed, changed)
          const asked = steps.flatMap((step) => "_tag" in step ? [] : step)
          const missing = result.denied.map(({ what }) => what)
          assert.deepStrictEqual(
            result.commands_run.map(({ cmd }) => cmd).sort(),
            asked.filter((text) => !missing.includes(text)).sort()
          )
          // Each did its work: the last run of each check passed, and reads gave what is there.
          const outputs = (yield* scripted.requests).at(-1)?.turn.outputs ?? []
          assert.strictEqual(outputs.length, asked.length + steps.filter((step) => "_tag" in step).length)
          assert.deepStrictEqual(outputs.map(exitCode).filter((end) => end !== null && end > 1), [])
        }))
    }
  }
})
