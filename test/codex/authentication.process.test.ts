import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { findAuthentication, usersCodexHome } from "../../src/codex/authentication.ts"
import { locateCodex } from "../../src/codex/locate.ts"
import { cleanEnv, scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { processes } from "../support/stages.ts"
import { askedOf, type FakeCodex, fakeCodex, realCodex } from "./fakeCodex.ts"

const find = (
  folder: string,
  codex: string,
  host: Readonly<Record<string, string>> = {},
  codexConfig: ReadonlyArray<string> = []
) =>
  Effect.flatMap(
    locateCodex(codex, undefined),
    (binary) => findAuthentication({ binary, codexConfig, host: { HOME: folder, ...host }, env: cleanEnv(folder) })
  ).pipe(
    Effect.provide(processes)
  )

const withFake = (
  fake: FakeCodex,
  ...args: [host?: Readonly<Record<string, string>>, config?: ReadonlyArray<string>]
) =>
  Effect.gen(function*() {
    const folder = yield* scratchFolder
    const found = yield* Effect.either(find(folder, fakeCodex(`${folder}/bin`, fake), ...args))
    return { folder, found, asked: askedOf(`${folder}/bin`) }
  })

describe("findAuthentication", () => {
  it.scopedLive("a key is enough, and an empty one is none", () =>
    Effect.gen(function*() {
      const withKey = yield* withFake({}, { CODEX_API_KEY: "k" })
      assert.deepStrictEqual(yield* withKey.found, { _tag: "ApiKey" })
      assert.deepStrictEqual(withKey.asked, [])
      const empty = yield* withFake({}, { CODEX_API_KEY: "" })
      assert.strictEqual((yield* Effect.flip(empty.found))._tag, "NotAuthenticated")
    }))

  it.scopedLive("a provider of one's own is enough only where it is both described and chosen", () =>
    Effect.gen(function*() {
      const config = ["model_provider = \"own\"", "model_providers.own={name=\"Own\"}"]
      const { found } = yield* withFake({}, {}, config)
      assert.deepStrictEqual(yield* found, { _tag: "CustomProvider" })
      for (const one of config) {
        assert.strictEqual((yield* Effect.flip((yield* withFake({}, {}, [one])).found))._tag, "NotAuthenticated")
      }
    }))

  it.scopedLive("a login is used where it is", () =>
    Effect.gen(function*() {
      const { folder, found } = yield* withFake({ loggedIn: true })
      assert.deepStrictEqual(yield* found, { _tag: "Login", codexHome: `${folder}/.codex` })
      const elsewhere = yield* withFake({ loggedIn: true }, { CODEX_HOME: "/else/where" })
      assert.deepStrictEqual(yield* elsewhere.found, { _tag: "Login", codexHome: "/else/where" })
    }))

  it("Codex's home is absolute, and an empty variable is none", () => {
    assert.strictEqual(usersCodexHome({ HOME: "/h" }), "/h/.codex")
    assert.strictEqual(usersCodexHome({ HOME: "/h", CODEX_HOME: "" }), "/h/.codex")
    assert.strictEqual(usersCodexHome({ HOME: "/h", CODEX_HOME: "mine" }), `${process.cwd()}/mine`)
  })

  it.scopedLive("none, with a hint where the key has the name that Codex doesn't read", () =>
    Effect.gen(function*() {
      const none = "No Codex authentication found. Set CODEX_API_KEY environment variable or run 'codex login'."
      assert.strictEqual((yield* Effect.flip((yield* withFake({})).found)).message, none)
      const hinted = yield* Effect.flip((yield* withFake({}, { OPENAI_API_KEY: "k" })).found)
      assert.isTrue(hinted.message.startsWith(`${none} (OPENAI_API_KEY is set`))
      assert.notInclude(hinted.message, "\"k\"")
    }))

  it.scopedLive("the real binary: a login that is there, one that is broken, none", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      assert.strictEqual((yield* Effect.flip(find(folder, realCodex())))._tag, "NotAuthenticated")
      writeFiles(folder, { ".codex/auth.json": "{\"auth_mode\":\"apikey\",\"OPENAI_API_KEY\":\"sk-test-123456789\"}" })
      assert.strictEqual((yield* find(folder, realCodex()))._tag, "Login")
      Fs.truncateSync(`${folder}/.codex/auth.json`, 10)
      assert.strictEqual((yield* Effect.flip(find(folder, realCodex())))._tag, "NotAuthenticated")
    }))
})
