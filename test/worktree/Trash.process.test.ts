import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { buildSync } from "esbuild"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Trash } from "../../src/worktree/Trash.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { processes } from "../support/stages.ts"

const live = Trash.layer.pipe(Layer.provide(processes))

const discard = (paths: ReadonlyArray<string>, trashFolder: string) =>
  Effect.gen(function*() {
    const trash = yield* Trash
    yield* Effect.forEach(paths, (path) => trash.discard(path, trashFolder), { discard: true })
    yield* trash.settle
  }).pipe(Effect.provide(live))

/** As the owner without an owner's privileges over permissions: what a user who isn't root is. */
const withoutPrivileges = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : ["env"]

describe("Trash", () => {
  it.scopedLive("moves a folder out of the way at once, and has it deleted when settled", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "a/deep/er/file": "x", "b": "a file", "c/-rf": "x" })
      yield* Effect.gen(function*() {
        const trash = yield* Trash
        yield* trash.discard(`${folder}/a`, `${folder}/trash`)
        assert.isFalse(Fs.existsSync(`${folder}/a`))
        yield* trash.settle
        assert.deepStrictEqual(Fs.readdirSync(`${folder}/trash`), [])
      }).pipe(Effect.provide(live))
      yield* discard([`${folder}/b`, `${folder}/c`, `${folder}/missing`], `${folder}/trash`)
      assert.deepStrictEqual(Fs.readdirSync(folder), ["trash"])
      assert.deepStrictEqual(Fs.readdirSync(`${folder}/trash`), [])
    }))

  it.scopedLive("deletes a link, not what it leads to", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, {
        "victim/precious": "x",
        "worktree": { link: "victim" },
        "other/link": { link: "../victim" }
      })
      yield* discard([`${folder}/worktree`, `${folder}/other`], `${folder}/trash`)
      assert.deepStrictEqual(Fs.readdirSync(folder).sort(), ["trash", "victim"])
      assert.deepStrictEqual(Fs.readdirSync(`${folder}/victim`), ["precious"])
      assert.deepStrictEqual(Fs.readdirSync(`${folder}/trash`), [])
    }))

  it.scopedLive("deletes folders that even their owner may not list, as a user without privileges", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "w/a/b/c/file": "x", "w/read-only/file": "x", "w/a/b/d/e/file": "x" })
      for (const locked of ["w/a/b/c", "w/a/b/d/e", "w/a/b", "w/a", "w"]) Fs.chmodSync(`${folder}/${locked}`, 0o000)
      buildSync({
        stdin: {
          contents: `
            import * as NodeContext from "@effect/platform-node/NodeContext"
            import * as Effect from "effect/Effect"
            import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
            import { Processes } from "./src/process/Processes.ts"
            import { Trash } from "./src/worktree/Trash.ts"
            const live = Trash.layer.pipe(Layer.provide(Processes.layer), Layer.provide(NodeContext.layer))
            await Effect.runPromise(Effect.provide(Effect.gen(function*() {
              const trash = yield* Trash
              yield* trash.discard(process.argv[2], process.argv[3])
              yield* trash.settle
            }), live))
          `,
          resolveDir: Path.resolve("."),
          loader: "ts"
        },
        outfile: `${folder}/program.mjs`,
        bundle: true,
        platform: "node",
        format: "esm",
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
      })
      const [command = "", ...args] = [
        ...withoutPrivileges,
        process.execPath,
        `${folder}/program.mjs`,
        `${folder}/w`,
        `${folder}/trash`
      ]
      const end = spawnSync(command, args, { encoding: "utf8" })
      assert.deepStrictEqual([end.status, end.stdout, end.stderr], [0, "", ""])
      assert.isFalse(Fs.existsSync(`${folder}/w`))
      assert.deepStrictEqual(Fs.readdirSync(`${folder}/trash`), [])
    }))

  it.scopedLive("never fails: where there is no trash folder to be had, the folder stays", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "a/file": "x", "trash": "a file" })
      yield* Logger.withMinimumLogLevel(discard([`${folder}/a`], `${folder}/trash`), LogLevel.None)
      assert.isTrue(Fs.existsSync(`${folder}/a/file`))
    }))
})
