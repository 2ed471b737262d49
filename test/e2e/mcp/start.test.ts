/** The server's start: at once, without anything that a first answer doesn't need. */
import { assert, describe, it } from "@effect/vitest"
import { LATEST_PROTOCOL_VERSION, SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { version } from "../../../src/version.ts"
import { scratchFolder, writeFiles } from "../../support/GitRepo.ts"
import { eventually } from "../../support/processes.ts"
import { initialize, mcpBin, startServer } from "../support/mcp.ts"
import { builtBin, start } from "../support/program.ts"

const folder = Path.dirname(mcpBin)
const read = (name: string) => Fs.readFileSync(Path.join(folder, name), "utf8")

/** A built file with all that is loaded with it: not what it loads later. */
const loadedWith = (name: string): ReadonlyArray<string> => {
  const found = new Set([name])
  for (const file of found) {
    for (const [, specifier = ""] of read(file).matchAll(/(?:from|import)"(\.[^"]+)"/g)) {
      found.add(Path.join(Path.dirname(file), specifier))
    }
  }
  return [...found]
}

const chunk = (name: string): string => {
  const found = Fs.readdirSync(Path.join(folder, "chunks")).find((file) => file.startsWith(`${name}-`))
  if (found === undefined) throw new Error(`no chunk ${name}`)
  return `chunks/${found}`
}

describe("codex-mcp-runner", () => {
  it.scopedLive("answers initialize and tools/list with nothing loaded, no Codex, no git, no repository", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      const names = new Set([
        ...loadedWith("codex-mcp-runner.mjs"),
        ...loadedWith(chunk("serve")),
        ...loadedWith(chunk("options"))
      ])
      assert.isBelow([...names].reduce((sum, name) => sum + read(name).length, 0), 400_000, "bytes of code")
      writeFiles(home, Object.fromEntries([...names].map((name) => [`bin/${name}`, read(name)])))
      const server = yield* startServer({
        cwd: home,
        env: { HOME: home, PATH: "" },
        bin: `${home}/bin/codex-mcp-runner.mjs`
      })
      server.send(initialize(1))
      const greeting = yield* server.reply(1)
      assert.deepNestedInclude("result" in greeting ? greeting.result : {}, {
        protocolVersion: "2025-11-25",
        serverInfo: { name: "codex-runner", title: "codex-runner", version }
      })
      server.send({ method: "notifications/initialized" })
      for (const method of ["tools/list", "resources/templates/list", "ping"]) {
        server.send({ id: method, method })
        assert.property(yield* server.reply(method), "result", method)
      }
      assert.strictEqual(server.stderr(), "")
      assert.isFalse(Fs.existsSync(`${home}/.local`))
      server.child.stdin.end()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
    }))

  it.scopedLive("speaks each revision that its library knows; to a later one it offers the latest of these", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      const versionFor = (protocolVersion: string) =>
        Effect.gen(function*() {
          const server = yield* startServer({ cwd: home, env: { HOME: home, PATH: "" } })
          const { params, ...hello } = initialize(1)
          server.send({ ...hello, params: { ...params, protocolVersion } })
          const reply = yield* server.reply(1)
          return "result" in reply ? reply.result["protocolVersion"] : undefined
        })
      for (const revision of SUPPORTED_PROTOCOL_VERSIONS) assert.strictEqual(yield* versionFor(revision), revision)
      assert.strictEqual(yield* versionFor("2026-07-28"), LATEST_PROTOCOL_VERSION)
      // Newer clients ask first whether there is a newer server, and take this for a no.
      const server = yield* startServer({ cwd: home, env: { HOME: home, PATH: "" } })
      server.send({ id: 1, method: "server/discover", params: {} })
      const reply = yield* server.reply(1)
      assert.deepNestedInclude(reply, { "error.code": -32601 })
    }))

  it.scopedLive("whatever is printed to standard output goes to standard error", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      // From the moment that the server listens for signals: it has begun then.
      const noise = "process.on('newListener', (name) => name === 'SIGTERM' && setInterval(() => {" +
        "console.log('noise'); console.info('noise'); process.stdout.write('loud\\n') }, 2))"
      const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(noise)}`
      const server = yield* startServer({ cwd: home, env: { HOME: home, PATH: "", NODE_OPTIONS } })
      server.send(initialize(1))
      yield* server.reply(1)
      yield* eventually(() => server.stderr().includes("noise") && server.stderr().includes("loud"))
      server.send({ id: 2, method: "tools/list" })
      yield* server.reply(2)
    }))

  it.scopedLive("codex-runner mcp is the same; options are checked; --version and --help are for people", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      const env = { HOME: home, PATH: "" }
      const cli = (bin: string, ...args: ReadonlyArray<string>) =>
        Effect.flatMap(start({ args, bin, cwd: home, env }), ({ ended }) => ended)
      const hello = `${JSON.stringify({ jsonrpc: "2.0", ...initialize(1) })}\n`
      const same = yield* Effect.forEach(
        [[mcpBin], [mcpBin, "mcp"], [builtBin, "mcp"]],
        ([bin = "", ...args]) =>
          Effect.flatMap(start({ args, bin, cwd: home, env, stdin: hello }), ({ ended }) => ended)
      )
      assert.strictEqual(new Set(same.map(({ stdout }) => stdout)).size, 1)
      assert.include(same[0]?.stdout ?? "", "\"serverInfo\"")
      for (const bin of [mcpBin, builtBin]) {
        assert.deepStrictEqual(yield* cli(bin, "--version"), { code: 0, stdout: `${version}\n`, stderr: "" })
      }
      const help = yield* cli(mcpBin, "--help")
      assert.include(help.stdout, "--allow-danger-full-access")
      assert.strictEqual(help.stdout, (yield* cli(builtBin, "mcp", "--help")).stdout)
      for (
        const [args, says] of [
          [["--rot", "x"], "--rot"],
          [["--root", "/no/such/folder"], "--root: there is no folder \"/no/such/folder\""],
          [["run", "tasks.json"], "run"]
        ] as const
      ) {
        const { code, stderr, stdout } = yield* cli(mcpBin, ...args)
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.include(stderr, says)
      }
    }))
})
