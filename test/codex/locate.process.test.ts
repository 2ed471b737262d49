import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { locateCodex } from "../../src/codex/locate.ts"
import { findProgram } from "../../src/process/findProgram.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

const system = `${process.platform}-${process.arch}`
const triples: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-musl",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "darwin-x64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin"
}
const triple = triples[system] ?? ""

/** Not a script: what follows the first bytes doesn't matter. */
const native = { exec: "\u007fELF" }
const wrapper = { exec: "#!/usr/bin/env node\n" }

const packageRoot = "lib/node_modules/@openai/codex"

/** Where npm keeps the native binary, by the form of its installation. */
const layouts = {
  nested: `${packageRoot}/node_modules/@openai/codex-${system}/vendor/${triple}/bin/codex`,
  "a hoisted sibling": `lib/node_modules/@openai/codex-${system}/vendor/${triple}/bin/codex`,
  "within the package": `${packageRoot}/vendor/${triple}/bin/codex`,
  "within the package, as before 0.136": `${packageRoot}/vendor/${triple}/codex/codex`
}

/** npm's global installation: a link in `bin` to the wrapper. */
const installed = (folder: string, files: Parameters<typeof writeFiles>[1]) =>
  writeFiles(folder, {
    [`${packageRoot}/bin/codex.js`]: wrapper,
    "bin/codex": { link: `../${packageRoot}/bin/codex.js` },
    ...files
  })

describe("locateCodex", () => {
  for (const [name, file] of Object.entries(layouts)) {
    it.scoped(`behind npm's wrapper: ${name}`, () =>
      Effect.gen(function*() {
        const folder = yield* scratchFolder
        installed(folder, { [file]: native })
        const { path } = yield* locateCodex("codex", `${folder}/bin`)
        assert.strictEqual(path, `${folder}/${file}`)
      }))
  }

  it.scoped("behind the wrapper that a project's own installation links", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const file = `node_modules/@openai/codex-${system}/vendor/${triple}/bin/codex`
      writeFiles(folder, {
        "node_modules/@openai/codex/bin/codex.js": wrapper,
        "node_modules/.bin/codex": { link: "../@openai/codex/bin/codex.js" },
        [file]: native
      })
      const { path } = yield* locateCodex(`${folder}/node_modules/.bin/codex`, undefined)
      assert.strictEqual(path, `${folder}/${file}`)
    }))

  it.scoped("a wrapper without its binary, or any other script, is started as it is", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      installed(folder, { "other/codex": wrapper, [`other/vendor/${triple}/bin/codex`]: native })
      assert.strictEqual(
        (yield* locateCodex("codex", `${folder}/bin`)).path,
        `${folder}/${packageRoot}/bin/codex.js`
      )
      assert.strictEqual((yield* locateCodex(`${folder}/other/codex`, undefined)).path, `${folder}/other/codex`)
    }))

  it.scoped("a plain binary, through links, and with a fingerprint that changes with it", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "real/codex-1": native, "bin/codex": { link: "../real/codex-1" } })
      const before = yield* locateCodex("codex", `${folder}/bin`)
      assert.strictEqual(before.path, `${folder}/real/codex-1`)
      writeFiles(folder, { "real/codex-1": { exec: "\u007fELF, a newer one" } })
      const after = yield* locateCodex("codex", `${folder}/bin`)
      assert.notStrictEqual(after.fingerprint, before.fingerprint)
    }))

  it.scoped("folders of PATH that are not absolute don't count: they would be the repository's", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "bin/codex": native })
      const relative = Path.relative(process.cwd(), `${folder}/bin`)
      assert.isTrue(Fs.existsSync(`${relative}/codex`))
      for (const path of [relative, ".", "", `:${relative}:`, undefined]) {
        assert.isUndefined(findProgram("codex", path))
        const missing = yield* Effect.flip(locateCodex("codex", path))
        assert.strictEqual(
          missing.message,
          "ENOENT: spawn codex ENOENT (not in PATH). Install it with: npm install -g @openai/codex"
        )
      }
    }))

  it.scoped("the first of PATH that can be run; a folder or a plain file of the name can't", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "a/codex/file": "", "b/codex": "not executable", "c/codex": native, "d/codex": native })
      const path = ["a", "b", "none", "c", "d"].map((name) => `${folder}/${name}`).join(":")
      assert.strictEqual(findProgram("codex", path), `${folder}/c/codex`)
    }))

  it.scoped("a path that leads nowhere is told as such", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "dangling": { link: "nowhere" }, "plain": "text" })
      for (const name of ["gone", "dangling", "plain", "."]) {
        const missing = yield* Effect.flip(locateCodex(`${folder}/${name}`, "/usr/bin"))
        assert.include(missing.message, `ENOENT: spawn ${folder}/${name} ENOENT (no executable file there)`)
      }
    }))
})
