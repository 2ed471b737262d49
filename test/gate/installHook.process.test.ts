import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { endCodes } from "../../src/gate/hookCommand.ts"
import { installHook } from "../../src/gate/installHook.ts"
import { policyVariable } from "../../src/gate/policyFile.ts"
import { Processes } from "../../src/process/Processes.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { policyFor } from "./support.ts"

const layer = Layer.provideMerge(Processes.layer, NodeContext.layer)

const installed = Effect.gen(function*() {
  const folder = Path.join(yield* scratchFolder, "cache")
  Fs.mkdirSync(folder)
  return { folder, program: yield* installHook(folder) }
})

/** One call, as the shell around the program makes it. */
const ask = (program: string, command: string) => {
  const folder = Path.dirname(Path.dirname(Path.dirname(program)))
  writeFiles(folder, { "wt/src/a.ts": "a\n", "policy.json": "" })
  const policy = { ...policyFor(Path.join(folder, "wt")), log: Path.join(folder, "gate.jsonl") }
  writeFiles(folder, { "policy.json": JSON.stringify(policy) })
  return spawnSync(process.execPath, [program], {
    env: { [policyVariable]: Path.join(folder, "policy.json") },
    input: JSON.stringify({ tool_name: "Bash", tool_input: { command }, tool_use_id: "call_1" }),
    encoding: "utf8"
  }).status
}

/** What a fresh Node, as Codex starts it, says of the code cache beside the program. */
const cacheRejected = (program: string): string =>
  spawnSync(process.execPath, [
    "-p",
    `const { readFileSync } = require("node:fs")
     const folder = ${JSON.stringify(Path.dirname(program))}
     const source = "(function (exports, require, module) {" + readFileSync(folder + "/hook.cjs", "utf8") + "\\n})"
     new (require("node:vm").Script)(source, { cachedData: readFileSync(folder + "/hook.cache") }).cachedDataRejected`
  ], { encoding: "utf8", env: {} }).stdout.trim()

describe("the installed hook", () => {
  it.scoped("is a program, the hook and its code cache, which Node takes, and nothing of the rehearsal", () =>
    Effect.gen(function*() {
      const { folder, program } = yield* installed
      assert.deepStrictEqual(Fs.readdirSync(folder), [Path.basename(Path.dirname(program.path))])
      assert.deepStrictEqual(Fs.readdirSync(Path.dirname(program.path)), ["hook.cache", "hook.cjs", "start.cjs"])
      assert.strictEqual(cacheRejected(program.path), "false")
      assert.strictEqual(ask(program.path, "npm test"), endCodes.allowed)
      assert.strictEqual(ask(program.path, "touch x"), endCodes.denied)
    }).pipe(Effect.provide(layer)))

  it.scoped("is left as it is where it is whole, and replaced where it is not", () =>
    Effect.gen(function*() {
      const { folder, program } = yield* installed
      const files = Path.dirname(program.path)
      const before = Fs.statSync(files).ino
      assert.deepStrictEqual(yield* installHook(folder), program)
      assert.strictEqual(Fs.statSync(files).ino, before)

      Fs.chmodSync(Path.join(files, "hook.cjs"), 0o600)
      Fs.writeFileSync(Path.join(files, "hook.cjs"), "process.exitCode = 42\n")
      const again = yield* installHook(folder)
      assert.strictEqual(again.path, program.path)
      assert.strictEqual(ask(program.path, "touch x"), endCodes.denied)
      assert.deepStrictEqual(Fs.readdirSync(folder), [Path.basename(files)])

      const cache = Path.join(files, "hook.cache")
      Fs.chmodSync(cache, 0o600)
      Fs.appendFileSync(cache, "x")
      assert.notStrictEqual((yield* installHook(folder)).sha256, again.sha256, "what V8 believes is part of the proof")
      Fs.rmSync(cache)
      yield* installHook(folder)
      assert.isTrue(Fs.existsSync(cache))
    }).pipe(Effect.provide(layer)))

  it.scoped("installs for several runners at once", () =>
    Effect.gen(function*() {
      const folder = Path.join(yield* scratchFolder, "cache")
      Fs.mkdirSync(folder)
      const programs = yield* Effect.all([installHook(folder), installHook(folder), installHook(folder)], {
        concurrency: 3
      })
      assert.strictEqual(new Set(programs.map((program) => program.path)).size, 1)
      assert.lengthOf(Fs.readdirSync(folder), 1)
      assert.strictEqual(ask(programs[0].path, "npm test"), endCodes.allowed)
    }).pipe(Effect.provide(layer)))

  for (
    const [what, damage] of [
      ["no cache", (file: string) => Fs.rmSync(file)],
      ["a cache of another Node", (file: string) => Fs.writeFileSync(file, Buffer.alloc(4096, 7))],
      ["an empty cache", (file: string) => Fs.writeFileSync(file, "")]
    ] as const
  ) {
    it.scoped(`decides the same with ${what}`, () =>
      Effect.gen(function*() {
        const { program } = yield* installed
        const cache = Path.join(Path.dirname(program.path), "hook.cache")
        Fs.chmodSync(cache, 0o600)
        damage(cache)
        assert.strictEqual(ask(program.path, "npm test"), endCodes.allowed)
        assert.strictEqual(ask(program.path, "touch x"), endCodes.denied)
      }).pipe(Effect.provide(layer)))
  }

  it.scoped("gives no decision without the hook itself", () =>
    Effect.gen(function*() {
      const { program } = yield* installed
      Fs.rmSync(Path.join(Path.dirname(program.path), "hook.cjs"))
      assert.notInclude([endCodes.allowed, endCodes.denied, 0], ask(program.path, "npm test"))
    }).pipe(Effect.provide(layer)))
})
