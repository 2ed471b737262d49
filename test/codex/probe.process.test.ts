import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { locateCodex } from "../../src/codex/locate.ts"
import { probeCodex } from "../../src/codex/probe.ts"
import { cleanEnv, scratchFolder } from "../support/GitRepo.ts"
import { processes } from "../support/stages.ts"
import { askedOf, fakeCodex, realCodex } from "./fakeCodex.ts"

const probe = (folder: string, codex = `${folder}/bin/codex`) =>
  Effect.flatMap(
    locateCodex(codex, undefined),
    (binary) => probeCodex({ binary, cacheFolder: `${folder}/cache`, env: cleanEnv(folder) })
  ).pipe(Effect.provide(processes))

const asked = (folder: string) => askedOf(`${folder}/bin`).length

describe("probeCodex", () => {
  it.scopedLive("asks once, and then never again", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      fakeCodex(`${folder}/bin`, { version: "0.150.1", features: "hooks  stable  true\nplugins  stable  false" })
      const traits = yield* probe(folder)
      assert.deepStrictEqual(traits, { version: "0.150.1", features: ["hooks", "plugins"], enabled: ["hooks"] })
      const before = asked(folder)
      assert.deepStrictEqual(yield* probe(folder), traits)
      assert.strictEqual(asked(folder), before)
      const [cached = ""] = Fs.readdirSync(`${folder}/cache`)
      assert.strictEqual(Fs.statSync(`${folder}/cache/${cached}`).mode & 0o777, 0o600)
    }))

  it.scopedLive("asks again after an update, and where the cache is broken", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      fakeCodex(`${folder}/bin`, { version: "0.150.1" })
      yield* probe(folder)
      fakeCodex(`${folder}/bin`, { version: "0.160.10" })
      assert.strictEqual((yield* probe(folder)).version, "0.160.10")
      for (const name of Fs.readdirSync(`${folder}/cache`)) Fs.truncateSync(`${folder}/cache/${name}`, 5)
      assert.strictEqual((yield* probe(folder)).version, "0.160.10")
    }))

  it.scopedLive("does without a cache that can't be written", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      fakeCodex(`${folder}/bin`)
      Fs.writeFileSync(`${folder}/cache`, "in the way")
      assert.strictEqual((yield* probe(folder)).version, "0.169.0")
    }))

  it.scopedLive("caches no refusal, and refuses what an older runner took", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      fakeCodex(`${folder}/bin`, { version: "0.135.0" })
      const refusal = yield* Effect.flip(probe(folder))
      assert.include(refusal.message, "version 0.135.0 is too old, 0.149.0 or newer is needed")
      assert.isFalse(Fs.existsSync(`${folder}/cache`))
      fakeCodex(`${folder}/bin`, { version: "0.150.0" })
      yield* probe(folder)
      for (const name of Fs.readdirSync(`${folder}/cache`)) {
        const file = `${folder}/cache/${name}`
        Fs.writeFileSync(file, Fs.readFileSync(file, "utf8").replace("0.150.0", "0.120.0"))
      }
      assert.include((yield* Effect.flip(probe(folder))).message, "version 0.120.0 is too old")
    }))

  it.scopedLive("the real binary: its version, and the features that are held off", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const traits = yield* probe(folder, realCodex())
      assert.match(traits.version, /^0\.\d+\.\d+$/)
      assert.includeMembers([...traits.features], ["hooks", "plugins", "apps", "unified_exec_tty", "view_image"])
      assert.include(traits.enabled, "hooks")
    }))
})
