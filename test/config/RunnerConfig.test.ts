import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import type { ConfigFileOptions } from "../../src/config/RunnerConfig.ts"
import { RunnerConfig, trustedFields } from "../../src/config/RunnerConfig.ts"
import type { RunnerConfigInput } from "../../src/config/RunnerConfigFile.ts"

const load = (options: ConfigFileOptions) => RunnerConfig.pipe(Effect.provide(RunnerConfig.layerFile(options)))

/** A repository root whose file has this content. */
const repository = (content?: string | Uint8Array) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const repoRoot = yield* fs.makeTempDirectoryScoped()
    const file = path.join(repoRoot, ".mcp-codex.json")
    if (content !== undefined) {
      yield* fs.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content)
    }
    return { repoRoot, configFile: file }
  })

const refusal = (options: ConfigFileOptions) => Effect.map(Effect.flip(load(options)), (error) => error.message)

describe("RunnerConfig.layerFile", () => {
  it.scoped("is all defaults where the repository has no file", () =>
    Effect.gen(function*() {
      const config = yield* load(yield* repository())
      assert.strictEqual(config.default_concurrency, 2)
      assert.deepStrictEqual(config.origin, { path: null, sha256: null, needsTrust: [] })
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("reads the file, hashes its bytes, and lets overrides win", () =>
    Effect.gen(function*() {
      const content = "\ufeff{ \"default_concurrency\": 3, \"codex_model\": \"a\" }\n"
      const { configFile, repoRoot } = yield* repository(content)
      const config = yield* load({ repoRoot, overrides: { codex_model: "b", state_dir: undefined } })
      assert.strictEqual(config.default_concurrency, 3)
      assert.strictEqual(config.codex_model, "b")
      assert.strictEqual(config.origin.path, configFile)
      assert.strictEqual(config.origin.sha256, createHash("sha256").update(content).digest("hex"))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("names the file, and every field that is wrong in it", () =>
    Effect.gen(function*() {
      const { configFile, repoRoot } = yield* repository("{\"alowed_commands\": [], \"max_runs_retained\": 0}")
      assert.strictEqual(
        yield* refusal({ repoRoot }),
        `${configFile} is not valid.\n`
          + "  - alowed_commands: unknown field \"alowed_commands\": did you mean \"allowed_commands\"?\n"
          + "  - max_runs_retained: expected a whole number from 1 to 1000, got 0"
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("says where the JSON is wrong", () =>
    Effect.gen(function*() {
      const trailing = yield* refusal(yield* repository("{\n  \"codex_model\": \"a\",\n}"))
      assert.include(trailing, ".mcp-codex.json: line 3, column 1: a comma before a closing bracket")
      const twice = yield* refusal(yield* repository("{\"codex_model\": \"a\", \"codex_model\": \"b\"}"))
      assert.include(twice, "line 1, column 22: the field \"codex_model\" is there twice")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped.each(["null", "[]", "\"x\""])("refuses a file that holds %s", (content) =>
    Effect.gen(function*() {
      assert.include(yield* refusal(yield* repository(content)), ".mcp-codex.json: expected an object")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("refuses what is no regular UTF-8 file of at most 1 MiB, without quoting it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      assert.include(yield* refusal(yield* repository(new Uint8Array([0xff, 0xfe, 0x7b, 0]))), "is not UTF-8 text")
      assert.include(
        yield* refusal(yield* repository(new Uint8Array(1024 * 1024 + 1).fill(32))),
        "is larger than 1 MiB"
      )

      const folder = yield* repository()
      yield* fs.makeDirectory(folder.configFile)
      assert.include(yield* refusal(folder), "is not a regular file (Directory)")

      const secret = yield* repository("hunter2")
      const linked = yield* repository()
      yield* fs.symlink(secret.configFile, linked.configFile)
      const told = yield* refusal(linked)
      assert.include(told, "is a symbolic link")
      assert.notInclude(told, "hunter2")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("wants a file that was named to exist", () =>
    Effect.gen(function*() {
      const { repoRoot } = yield* repository("{}")
      assert.include(
        yield* refusal({ repoRoot, file: `${repoRoot}/other.json` }),
        `${repoRoot}/other.json: there is no such file (--config)`
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("takes this repository's own file", () =>
    Effect.gen(function*() {
      const config = yield* load({ repoRoot: fileURLToPath(new URL("../..", import.meta.url)) })
      assert.include(config.allowed_commands, "npm test")
      assert.deepStrictEqual(trustedFields(config), [])
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("trustedFields", () => {
  const asks = (file: RunnerConfigInput, overrides: RunnerConfigInput = {}) =>
    Effect.gen(function*() {
      const { repoRoot } = yield* repository(JSON.stringify(file))
      return trustedFields(yield* load({ repoRoot, overrides })).map(({ field }) => field)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

  it.effect.each<readonly [string, RunnerConfigInput]>([
    ["codex_command", { codex_command: "./codex" }],
    ["codex_command", { codex_command: "sh" }],
    ["setup.commands", { setup: { commands: ["npm ci"] } }],
    ["codex_config", { codex_config: ["model=\"x\""] }],
    ["codex_user_config", { codex_user_config: "inherit" }],
    ["env_passthrough", { env_passthrough: ["A"] }],
    ["command_env", { command_env: { A: "1" } }],
    ["state_dir", { state_dir: "/var/x" }],
    ["enforcement", { enforcement: "audit" }],
    ["sandbox_mode", { sandbox_mode: "danger-full-access" }],
    ["limits", { limits: { concurrency: 9 } }]
  ])("holds %s", ([field, file]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* asks(file), [field])
    }))

  it.effect("holds nothing harmless, and nothing that the user sets", () =>
    Effect.gen(function*() {
      const harmless: RunnerConfigInput = {
        allowed_commands: ["make"],
        codex_command: "codex",
        codex_model: "x",
        codex_config: [],
        enforcement: "required",
        sandbox_mode: "read-only",
        setup: { copy: ["node_modules"] }
      }
      assert.deepStrictEqual(yield* asks(harmless, { codex_command: "/opt/codex", state_dir: "/var/x" }), [])
    }))
})

describe("RunnerConfig.layerValue", () => {
  it.effect("checks a value like a file", () =>
    Effect.gen(function*() {
      const config = yield* RunnerConfig.pipe(Effect.provide(RunnerConfig.layerValue({ max_tasks_per_run: 4 })))
      assert.strictEqual(config.max_tasks_per_run, 4)
      assert.deepStrictEqual(trustedFields(config), [])
      const wrong = RunnerConfig.layerValue({ allowed_commands: ["a | b"] })
      const error = yield* Effect.flip(Effect.provide(RunnerConfig, wrong))
      assert.deepStrictEqual(error.problems.map(({ at }) => at), ["allowed_commands[0]"])
    }))
})
