import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { builtBin, type Ended } from "./support/program.ts"
import { type Scene, scene } from "./support/scene.ts"
import { wellBehaved } from "./support/script.ts"
import { tmpOf } from "./support/untouched.ts"

const tasksFile = JSON.stringify([{ task_id: "a", prompt: "Do what a asks." }])

/** What a stranger's repository may ask for. */
const asking = {
  setup: { commands: ["touch setup-ran"] },
  command_env: { STRANGE_VALUE: "strange-value" },
  env_passthrough: ["HTTP_PROXY"]
}

const makeScene = scene({
  untrusted: true,
  tasks: { a: wellBehaved("a") },
  config: asking,
  files: { ".gitignore": "setup-ran\n" }
})

const run = ({ cli }: Scene, ...args: ReadonlyArray<string>) =>
  cli(["run", "--json", ...args, "-"], { stdin: tasksFile })

const refused = (ended: Ended): void => {
  assert.strictEqual(ended.code, 3, ended.stderr)
  for (const field of ["setup.commands", "command_env", "env_passthrough", "codex_command", "codex_config"]) {
    assert.include(ended.stderr, field)
  }
  assert.include(ended.stderr, "codex-runner trust")
  assert.notInclude(ended.stderr, "strange-value")
  assert.strictEqual(ended.stdout, "")
}

const hasScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false

/** The program at a terminal, where somebody types. */
const atTerminal = ({ model, repo }: Scene, args: ReadonlyArray<string>, typed: string) =>
  Effect.async<{ readonly code: number | null; readonly screen: string }>((resume) => {
    const words = [process.execPath, builtBin, ...args].map((word) => `'${word}'`).join(" ")
    const child = spawn("script", ["-qec", words, "/dev/null"], {
      cwd: repo.root,
      env: { ...repo.env, TMPDIR: tmpOf(repo), TERM: "dumb", SHELL: "/bin/sh", ...model.codexEnvironment }
    })
    let screen = ""
    let answered = false
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text
      if (answered || !screen.includes("[y/N]")) return
      answered = true
      child.stdin.write(typed)
    })
    child.once("close", (code) => resume(Effect.succeed({ code, screen })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

describe("a repository's configuration that asks for more than it may", () => {
  it.scopedLive("is refused by its fields until it is trusted, and again once it has changed", () =>
    Effect.gen(function*() {
      const here = yield* makeScene
      const { cli, model, repo } = here
      refused(yield* run(here))
      refused(yield* cli(["runs", "verify"]))
      assert.deepStrictEqual(yield* model.requests, [])

      const unasked = yield* cli(["trust"])
      assert.strictEqual(unasked.code, 3)
      assert.include(unasked.stderr, "setup.commands = [\"touch setup-ran\"]")
      assert.include(unasked.stderr, "There is no terminal to ask at: add --yes to trust it.")
      refused(yield* run(here))

      const given = yield* cli(["trust", "--yes"])
      assert.strictEqual(given.code, 0, given.stderr)
      assert.include(given.stderr, "command_env = {\"STRANGE_VALUE\":\"strange-value\"}")
      const first = yield* run(here)
      assert.strictEqual(first.code, 0, first.stderr)
      assert.include((yield* cli(["trust"])).stderr, "is trusted as it is")

      const file = `${repo.root}/.mcp-codex.json`
      Fs.writeFileSync(file, Fs.readFileSync(file, "utf8").replace("setup-ran", "setup-RAN"))
      refused(yield* run(here))
    }))

  it.scopedLive("is trusted by --trust-config, for later runs too", () =>
    Effect.gen(function*() {
      const here = yield* makeScene
      for (const args of [["--trust-config"], []]) {
        const ended = yield* run(here, ...args)
        assert.strictEqual(ended.code, 0, ended.stderr)
      }
    }))

  it.scopedLive("and one that asks for nothing needs no trust", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* makeScene
      Fs.writeFileSync(`${repo.root}/.mcp-codex.json`, JSON.stringify({ default_concurrency: 3 }))
      const ended = yield* cli(["trust"])
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.include(ended.stderr, "Nothing to trust")
    }))
})

describe.skipIf(!hasScript)("the question at a terminal (needs util-linux's script)", () => {
  it.scopedLive("y goes on, and is remembered", () =>
    Effect.gen(function*() {
      const here = yield* makeScene
      Fs.writeFileSync(`${here.repo.home}/tasks.json`, tasksFile)
      const { code, screen } = yield* atTerminal(here, ["run", `${here.repo.home}/tasks.json`], "y\n")
      assert.strictEqual(code, 0, screen)
      assert.include(screen, "setup.commands = [\"touch setup-ran\"]")
      assert.include(screen, "Trust this file and go on? [y/N]")
      assert.match(screen, /^a +success/m)
      const again = yield* run(here)
      assert.strictEqual(again.code, 0, again.stderr)
    }))

  for (const typed of ["n\n", "\n", "yeah\n"]) {
    it.scopedLive(`${JSON.stringify(typed)} refuses`, () =>
      Effect.gen(function*() {
        const here = yield* makeScene
        Fs.writeFileSync(`${here.repo.home}/tasks.json`, tasksFile)
        const { code, screen } = yield* atTerminal(here, ["run", `${here.repo.home}/tasks.json`], typed)
        assert.strictEqual(code, 3, screen)
        assert.include(screen, "count only in a file that you have trusted")
        assert.deepStrictEqual(yield* here.model.requests, [])
        refused(yield* run(here))
      }))
  }

  it.scopedLive("codex-runner trust asks too", () =>
    Effect.gen(function*() {
      const here = yield* makeScene
      const no = yield* atTerminal(here, ["trust"], "n\n")
      assert.strictEqual(no.code, 3, no.screen)
      assert.include(no.screen, "Not trusted.")
      const yes = yield* atTerminal(here, ["trust"], "yes\n")
      assert.strictEqual(yes.code, 0, yes.screen)
      assert.include(yes.screen, "Trusted, until the file changes.")
    }))
})
