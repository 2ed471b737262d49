import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { probeCodex } from "../../src/codex/probe.ts"
import { askTrustedHash, isHookTrusted, systemConfiguration } from "../../src/gate/hookTrust.ts"
import { Processes } from "../../src/process/Processes.ts"
import { realCodex } from "../codex/fakeCodex.ts"
import { cleanEnv, scratchFolder, writeFiles } from "../support/GitRepo.ts"

const layer = Layer.provideMerge(Processes.layer, NodeContext.layer)

describe("asking the real Codex for the hook's hash", () => {
  it.scopedLive("gives a hash that it trusts, and no other, from a Codex that looks for no plugins on the network", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const [calls, binary] = [Path.join(folder, "calls"), Path.join(folder, "codex")]
      writeFiles(folder, { codex: `#!/bin/sh\necho "$*" >> '${calls}'\nexec '${realCodex()}' "$@"\n` })
      Fs.chmodSync(binary, 0o755)
      const env = cleanEnv(folder)
      const traits = yield* probeCodex({
        binary: { path: realCodex(), fingerprint: "test" },
        cacheFolder: Path.join(folder, "cache"),
        env
      })
      const options = { binary, traits, env, folder, command: "exit 2" }
      const hash = yield* askTrustedHash(options)
      assert.isTrue(yield* isHookTrusted(options, hash))
      assert.isFalse(yield* isHookTrusted({ ...options, command: "exit 0" }, hash))
      const asked = Fs.readFileSync(calls, "utf8").trim().split("\n")
      assert.lengthOf(asked, 4)
      for (const line of asked) assert.match(line, /--disable plugins .*app-server$/)
    }).pipe(Effect.provide(layer)))
})

describe.runIf(process.platform === "linux")("the machine's own configuration of Codex", () => {
  it.scoped("is another once a file in it is, and unknown where it can't be read", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const etc = Path.join(folder, "etc")
      assert.strictEqual(systemConfiguration(etc), "")
      Fs.mkdirSync(etc)
      assert.strictEqual(systemConfiguration(etc), "")
      writeFiles(etc, { "requirements.toml": "[features]\nhooks = true\n" })
      const allowed = systemConfiguration(etc)
      assert.notStrictEqual(allowed, "")
      writeFiles(etc, { "requirements.toml": "[features]\nhooks = false\n" })
      assert.notStrictEqual(systemConfiguration(etc), allowed)
      assert.isUndefined(systemConfiguration(Path.join(etc, "requirements.toml")))
    }))
})
