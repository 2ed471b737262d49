/** The protocol's own judges: its conformance suite, and its inspector. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { buildSync } from "esbuild"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { gitRepo, scratchFolder, writeFiles } from "../../support/GitRepo.ts"
import { bundle } from "../../support/program.ts"
import { bridge } from "../support/conformance/bridge.ts"
import { mcpBin } from "../support/mcp.ts"
import { start } from "../support/program.ts"

const require = createRequire(import.meta.url)
const expected = fileURLToPath(new URL("../support/conformance/expected-failures.yml", import.meta.url))

/** The suite takes one function from Node that Node 20 hasn't, for a report that is not wanted here. */
const buildSuite = (folder: string): string => {
  const entry = require.resolve("@modelcontextprotocol/conformance/dist/index.js")
  const source = Fs.readFileSync(entry, "utf8").replace(/,globSync as \w+,/, ",").replace(/^#!.*\n/, "")
  const outfile = `${folder}/suite.mjs`
  buildSync({
    stdin: { contents: source, resolveDir: Path.dirname(entry), loader: "js" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" }
  })
  return outfile
}

describe("the official conformance suite", () => {
  it.scopedLive("its active part passes, but for what is expected", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      const fixtures = bundle(home, "import './test/e2e/support/conformance/fixtures.ts'")
      const url = yield* bridge([process.execPath, fixtures])
      const suite = yield* start({
        bin: buildSuite(home),
        args: ["server", "--url", url, "--suite", "active", "--expected-failures", expected, "-o", `${home}/out`],
        cwd: home,
        env: { HOME: home, PATH: process.env["PATH"] ?? "", NO_PROXY: "127.0.0.1", NO_COLOR: "1" }
      })
      const { code, stderr, stdout } = yield* suite.ended
      assert.strictEqual(code, 0, stdout + stderr)
      const failed = [...stdout.matchAll(/^✗ ([\w-]+)/gm)].map(([, name]) => name)
      assert.lengthOf(failed, 4, stdout)
    }))
})

describe("the inspector's command line", () => {
  it.scopedLive("lists the tools, and calls one", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      // It looks for its own package.json beside the working folder, and falls over where there is none.
      writeFiles(repo.home, { "package.json": "{}" })
      const inspect = (...args: ReadonlyArray<string>) =>
        Effect.flatMap(
          start({
            bin: require.resolve("@modelcontextprotocol/inspector-cli/build/cli.js"),
            args: ["--cli", process.execPath, mcpBin, ...args],
            cwd: repo.root,
            env: repo.env
          }),
          ({ ended }) => ended
        )
      const listed = yield* inspect("--method", "tools/list")
      assert.strictEqual(listed.code, 0, listed.stderr)
      assert.include(listed.stdout, "\"run_codex_tasks\"")
      const called = yield* inspect("--method", "tools/call", "--tool-name", "list_runs", "--tool-arg", "limit=5")
      assert.strictEqual(called.code, 0, called.stderr)
      assert.include(called.stdout, `No runs of ${repo.root}.`)
    }))
})
