import { assert, describe, it } from "@effect/vitest"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { withProject } from "./project.ts"

const clean = {
  "src/index.ts": "export const sizes = [1, 2] as const\n",
  "src/testing.ts": "export const answer = 42\n"
}

describe("check types", () => {
  it("passes on clean sources", () =>
    withProject(clean, async ({ check }) => {
      const { code, stdout } = await check("types")
      assert.match(stdout, /^ok {3}types/)
      assert.strictEqual(code, 0)
    }))

  it("reports an Effect that nobody runs", () =>
    withProject({
      "src/index.ts": "import * as Effect from \"effect/Effect\"\nexport const f = () => {\n  Effect.log(\"lost\")\n}\n"
    }, async ({ check }) => {
      const { code, stdout } = await check("types")
      assert.match(stdout, /src\/index\.ts\(3,\d+\): .*floatingEffect/)
      assert.strictEqual(code, 1)
    }))

  it("reports a wrong type in a script", () =>
    withProject({
      ...clean,
      "scripts/wrong.mjs": "// @ts-check\nexport const length = \"text\".size\n"
    }, async ({ check }) => {
      const { code, stdout } = await check("types")
      assert.match(stdout, /scripts\/wrong\.mjs\(2,/)
      assert.strictEqual(code, 1)
    }))
})

describe("check lint", () => {
  const faults: Record<string, readonly [path: string, source: string]> = {
    "no-floating-promises": ["src/promise.ts", "export const f = () => {\n  Promise.resolve(1)\n}\n"],
    "no-explicit-any": ["src/any.ts", "export const f = (x: any): unknown => x\n"],
    "no-non-null-assertion": ["src/bang.ts", "export const f = (x: string | undefined): string => x!\n"],
    "consistent-type-assertions": ["test/as.ts", "export const f = (x: unknown) => x as string\n"],
    "no-console": ["src/run/console.ts", "console.log(\"x\")\n"],
    "no-restricted-properties": ["src/cli/exit.ts", "#!/usr/bin/env node\nexport const f = () => process.exit(1)\n"],
    "no-default-export": ["src/default.ts", "const x = 1\nexport default x\n"],
    "no-unused-vars": ["src/unused.ts", "const x = 1\nexport const y = 2\n"],
    "no-focused-tests": ["test/only.test.ts", "import { it } from \"@effect/vitest\"\nit.only(\"x\", () => {})\n"],
    "ban-ts-comment": ["src/ignore.ts", "// @ts-ignore\nexport const x: number = \"\"\n"]
  }
  const barrels = ["effect", "@effect/cli", "@effect/platform", "@effect/platform-node"]

  it("reports each forbidden thing", () =>
    withProject({
      ...Object.fromEntries(Object.values(faults)),
      "src/barrels.ts": barrels.map((name, i) => `import type * as A${i} from "${name}"\n`).join("")
        + `export type All = [${barrels.map((_, i) => `typeof A${i}`).join(", ")}]\n`
    }, async ({ run }) => {
      // Not through `check`, which shortens what it shows.
      const { code, stdout } = await run(process.execPath, [
        "node_modules/oxlint/bin/oxlint",
        "--type-aware",
        "--format=unix",
        "src",
        "test"
      ])
      for (const [rule, [path]] of Object.entries(faults)) {
        assert.match(stdout, new RegExp(`^${path.replaceAll(".", "\\.")}:.*\\(${rule}\\)\\]$`, "m"))
      }
      barrels.forEach((_, i) =>
        assert.match(stdout, new RegExp(`^src/barrels\\.ts:${i + 1}:.*\\(no-restricted-imports\\)\\]$`, "m"))
      )
      assert.notStrictEqual(code, 0)
    }))

  it("fails on a fault, and passes on what is meant to be allowed", () =>
    withProject({
      ...clean,
      "src/bin.ts": "console.log(\"x\")\nprocess.exit(0)\n",
      "src/cli/view.ts":
        "import type * as Effect from \"effect/Effect\"\nconsole.log(\"x\")\nexport type E = Effect.Effect<1>\n"
    }, async ({ check, write }) => {
      const before = await check("lint")
      assert.match(before.stdout, /^ok {3}lint/)
      assert.strictEqual(before.code, 0)
      await write({ "src/index.ts": "export const f = (x: any): unknown => x\n" })
      const after = await check("lint")
      assert.match(after.stdout, /src\/index\.ts:1:.*no-explicit-any/)
      assert.strictEqual(after.code, 1)
    }))
})

describe("check format", () => {
  it("names the file, and npm run format puts it right", () =>
    withProject({ ...clean, "src/index.ts": "export const f = x => { return 'x'; };\n" }, async (project) => {
      const before = await project.check("format")
      assert.match(before.stdout, /src\/index\.ts\n/)
      assert.notMatch(before.stdout, /src\/testing\.ts/)
      assert.strictEqual(before.code, 1)
      await project.run(process.execPath, ["scripts/format.mjs"])
      assert.strictEqual(
        await readFile(join(project.folder, "src/index.ts"), "utf8"),
        "export const f = (x) => {\n  return \"x\"\n}\n"
      )
      assert.strictEqual((await project.check("format")).code, 0)
    }))
})

describe("check arrows, size and lockfile", () => {
  it("reads the sources, and says what is wrong with them", () =>
    withProject({
      "src/domain/Task.ts": "import \"../run/runTask.ts\"\n",
      "src/run/runTask.ts": "export const x = 1\n".repeat(301),
      "src/run/resume.ts": "export const x = 1\n".repeat(300)
    }, async ({ check, folder, write }) => {
      const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8"))
      lock.packages["node_modules/effect"].resolved = "https://registry.example/effect.tgz"
      await write({ "package-lock.json": JSON.stringify(lock) })
      const { code, stdout } = await check("arrows", "size", "lockfile")
      assert.match(stdout, /src\/domain\/Task\.ts imports \.\.\/run\/runTask\.ts: domain is below run/)
      assert.match(stdout, /src\/run\/runTask\.ts has 301 lines: more than 300/)
      assert.match(stdout, /src\/run\/resume\.ts has 300 lines: time to split it/)
      assert.match(stdout, /node_modules\/effect names the host it came from/)
      assert.deepStrictEqual(stdout.match(/^FAIL \w+/gm), ["FAIL arrows", "FAIL size", "FAIL lockfile"])
      assert.strictEqual(code, 1)
    }))

  it("a long file is a warning at first", () =>
    withProject({ "src/run/resume.ts": "export const x = 1\n".repeat(251) }, async ({ check }) => {
      const { code, stdout } = await check("size")
      assert.match(stdout, /^ok {3}size.*\n.*src\/run\/resume\.ts has 251 lines/)
      assert.strictEqual(code, 0)
    }))
})

describe("checks of the package", () => {
  const program = "#!/usr/bin/env node\nprocess.stdout.write(\"started\\n\")\n"
  const whole = {
    ...clean,
    "README.md": "# x\n",
    "CHANGELOG.md": "# x\n",
    "config.schema.json": "{}\n",
    "src/bin.ts": program,
    "src/bin-mcp.ts": program
  }

  it("pass on a whole package, whose programs start", () =>
    withProject(whole, async ({ check, folder, run }) => {
      const { code, stdout } = await check("tarball", "publint", "attw")
      assert.deepStrictEqual(stdout.match(/^\w+ +\w+/gm), ["ok   tarball", "ok   publint", "ok   attw"])
      assert.strictEqual(code, 0)
      for (const name of ["codex-runner", "codex-mcp-runner"]) {
        assert.strictEqual((await run(join(folder, `dist/bin/${name}.mjs`), [])).stdout, "started\n")
      }
    }))

  it("fail where a program, an entry or its types are missing", () => {
    const { "src/bin.ts": _program, "src/testing.ts": _entry, ...parts } = whole
    return withProject(parts, async ({ check, folder, write }) => {
      const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
      manifest.exports["."].types = "./dist/nowhere.d.ts"
      await write({ "package.json": JSON.stringify(manifest) })
      const { code, stdout } = await check("tarball", "publint", "attw")
      assert.match(stdout, /codex-runner: dist\/bin\/codex-runner\.mjs is missing/)
      assert.match(stdout, /dist\/testing\.js but the file does not exist/)
      assert.deepStrictEqual(stdout.match(/^\w+ +\w+/gm), ["FAIL tarball", "FAIL publint", "FAIL attw"])
      assert.strictEqual(code, 1)
    })
  })

  it("fail where the sources do not compile", () =>
    withProject({ ...whole, "src/index.ts": "export const x: number = \"\"\n" }, async ({ check }) => {
      const { code, stdout } = await check("tarball")
      assert.match(stdout, /src\/index\.ts\(1,14\): error TS2322/)
      assert.strictEqual(code, 1)
    }))
})

describe("check", () => {
  it("refuses a name it doesn't know", () =>
    withProject(clean, async ({ check }) => {
      const { code, stderr } = await check("typos")
      assert.match(stderr, /No check named typos\. There are: types, lint,/)
      assert.strictEqual(code, 2)
    }))
})
