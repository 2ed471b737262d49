import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { sha256Of } from "../../src/store/records.ts"
import { isTrusted, trust } from "../../src/store/trust.ts"
import { scratchFolder } from "../support/GitRepo.ts"

const file = `{"setup":{"commands":["npm ci"]}}\n`

describe("a configuration file", () => {
  it.scoped("is trusted once the user has said so, and stays so", () =>
    Effect.gen(function*() {
      const state = yield* Effect.map(scratchFolder, (folder) => `${folder}/deep/state`)
      const subject = { repository: "/home/me/repo", sha256: sha256Of(file) }
      assert.isFalse(yield* isTrusted(state, subject))
      yield* trust(state, subject)
      assert.isTrue(yield* isTrusted(state, subject))
      yield* trust(state, subject)
      assert.isTrue(yield* isTrusted(state, { ...subject }))
      assert.strictEqual(Fs.statSync(`${state}/trust`).mode & 0o777, 0o700)
    }))

  it.scoped("is another one with one byte changed, in another repository, for another user", () =>
    Effect.gen(function*() {
      const state = yield* scratchFolder
      const subject = { repository: "/home/me/repo", sha256: sha256Of(file) }
      yield* trust(state, subject)
      assert.isFalse(yield* isTrusted(state, { ...subject, sha256: sha256Of(file.replace("npm ci", "npm cI")) }))
      assert.isFalse(yield* isTrusted(state, { ...subject, sha256: sha256Of(`${file}\n`) }))
      assert.isFalse(yield* isTrusted(state, { ...subject, repository: "/home/me/other" }))
      assert.isFalse(yield* isTrusted(state, { ...subject, repository: "/home/me" }))
      assert.isFalse(yield* isTrusted(yield* scratchFolder, subject))
    }))

  it.scoped("can't be trusted where nothing can be kept", () =>
    Effect.gen(function*() {
      const state = yield* scratchFolder
      Fs.writeFileSync(`${state}/trust`, "")
      const failed = yield* Effect.flip(trust(state, { repository: "/repo", sha256: sha256Of(file) }))
      assert.include(failed.message, `${state}/trust/`)
    }))
})
