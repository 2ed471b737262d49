import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { codexWrapper, promptOf, scene } from "./support/scene.ts"
import { wellBehaved } from "./support/script.ts"

const tasks = { one: wellBehaved("one") }
const stdin = JSON.stringify([{ task_id: "one", prompt: promptOf("one") }])

/** A folder of PATH with these programs and no others. */
const folderWith = (home: string, ...programs: ReadonlyArray<string>): string => {
  const folder = `${home}/bin`
  Fs.mkdirSync(folder)
  for (const program of programs) {
    const found = (process.env["PATH"] ?? "").split(":").map((entry) => `${entry}/${program}`).find(Fs.existsSync)
    Fs.symlinkSync(found ?? `/nowhere/${program}`, `${folder}/${program}`)
  }
  return folder
}

describe("an environment that isn't ready: exit 3, the remedy on stderr, nothing on stdout", () => {
  it.scopedLive("no Codex", () =>
    Effect.gen(function*() {
      const { cli, prompts } = yield* scene({ tasks, config: { codex_command: "codex" } })
      const { code, stderr, stdout } = yield* cli(["run", "-"], { stdin })
      assert.deepStrictEqual({ code, stdout }, { code: 3, stdout: "" })
      assert.match(stderr, /codex: ENOENT: spawn codex ENOENT.* npm install -g @openai\/codex$/m)
      assert.deepStrictEqual(yield* prompts, [])
    }))

  it.scopedLive("nobody logged in, in the very words, with a hint where the wrong variable is set", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene({ tasks, config: { codex_config: [] } })
      const words = "auth: No Codex authentication found. Set CODEX_API_KEY environment variable or run 'codex login'."
      const { code, stderr, stdout } = yield* cli(["run", "-"], { stdin })
      assert.deepStrictEqual({ code, stdout }, { code: 3, stdout: "" })
      assert.include(stderr, `${words}\n`)
      const hinted = yield* cli(["run", "-"], { stdin, env: { OPENAI_API_KEY: "sk-not-a-real-key" } })
      assert.strictEqual(hinted.code, 3)
      assert.include(hinted.stderr, `${words} (OPENAI_API_KEY is set, but`)
      assert.notInclude(hinted.stderr, "sk-not-a-real-key")
    }))

  it.scopedLive("no git, no Codex: both at once", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks, config: { codex_command: "codex" } })
      const { code, stderr } = yield* cli(["run", "-"], { stdin, env: { PATH: folderWith(repo.home, "node") } })
      assert.strictEqual(code, 3)
      assert.match(stderr, /git: ENOENT: spawn git ENOENT\. Install git/)
    }))

  it.scopedLive("no repository, no such folder, no commit yet", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks })
      const none = yield* cli(["run", "-", "--repo", "/"], { stdin })
      assert.strictEqual(none.code, 3)
      assert.match(none.stderr, /repository: \/ is no git repository .* name one with --repo/)
      const missing = yield* cli(["run", "-", "--repo", "/no/such/folder"], { stdin })
      assert.strictEqual(missing.code, 3)
      assert.match(missing.stderr, /repository: there is no folder \/no\/such\/folder\. /)
      const empty = `${repo.home}/empty`
      Fs.mkdirSync(empty)
      repo.git("init", "-q", empty)
      const unborn = yield* cli(["run", "-"], { stdin, cwd: empty })
      assert.strictEqual(unborn.code, 3)
      assert.match(unborn.stderr, /has no commit yet\. Make a first one/)
    }))

  it.scopedLive("no repository, no Codex, no login, a request out of bounds: all at once", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks })
      const empty = `${repo.home}/empty`
      Fs.mkdirSync(empty)
      const request = JSON.stringify([{ task_id: "a", prompt: "p", timeout_sec: 86_400, allowed_commands: ["make"] }])
      const missing = yield* cli(["run", "-"], { stdin: request, cwd: empty })
      // The request is what can be mended at once.
      assert.strictEqual(missing.code, 2)
      for (
        const said of [
          /repository: .*is no git repository/,
          /codex: ENOENT: spawn codex ENOENT/,
          /tasks\[0\]\.timeout_sec: expected a whole number from 10 to 1800/,
          /tasks\[0\]\.allowed_commands\[0\]: "make" is covered by no configured command/
        ]
      ) assert.match(missing.stderr, said)
      const nobody = yield* cli(["run", "-"], {
        stdin: request,
        cwd: empty,
        env: { CODEX_RUNNER_CODEX_COMMAND: codexWrapper }
      })
      assert.match(nobody.stderr, /auth: No Codex authentication found/)
    }))

  it.scopedLive("a state folder that a task could write to", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks })
      const places = {
        "/tmp": /under a temp folder/,
        [repo.home + "/tmp"]: /under a temp folder/,
        [repo.root]: /inside the repository/
      }
      for (const [place, why] of Object.entries(places)) {
        const folder = `${place}/state-of-codex-runner-test`
        for (const env of [{ XDG_STATE_HOME: folder }, { CODEX_RUNNER_STATE_DIR: folder }]) {
          const { code, stderr, stdout } = yield* cli(["run", "-"], { stdin, env })
          assert.deepStrictEqual({ code, stdout }, { code: 3, stdout: "" })
          assert.match(stderr, why)
          assert.isFalse(Fs.existsSync(folder), "nor is it made")
        }
      }
    }))

  it.scopedLive("a provider whose key is not there", () =>
    Effect.gen(function*() {
      const made = yield* scene({ tasks })
      const provider = made.model.codexConfig.map((entry) => entry.replace(/\}$/, ",env_key=\"OUR_KEY\"}"))
      made.repo.write({
        "other.json": JSON.stringify({ codex_command: "codex", codex_config: provider })
      })
      const { code, stderr } = yield* made.cli(["run", "-", "--config", "other.json"], { stdin })
      assert.strictEqual(code, 3)
      assert.match(stderr, /auth: the provider reads its key from OUR_KEY.* Add "OUR_KEY" to env_passthrough\./)
      assert.match(stderr, /codex: ENOENT/)
    }))
})
