import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Fs from "node:fs"
import { Trash } from "../../src/worktree/Trash.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { bundle, runWithoutPrivileges } from "../support/program.ts"
import { processes } from "../support/stages.ts"

const live = Trash.layer.pipe(Layer.provide(processes))

const discard = (paths: ReadonlyArray<string>, trashFolder: string) =>
  Effect.gen(function*() {
    const trash = yield* Trash
    yield* Effect.forEach(paths, (path) => trash.discard(path, trashFolder), { discard: true })
    yield* trash.settle
  }).pipe(Effect.provide(live))

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

  it.scopedLive("gets in no other's way in the same process, however much both discard at once", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const paths = Array.from({ length: 200 }, (_, index) => `${folder}/w/${index}`)
      for (const path of paths) Fs.mkdirSync(`${path}/inside`, { recursive: true })
      const logged: Array<unknown> = []
      const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void logged.push(message)))
      const halves = [paths.slice(0, 100), paths.slice(100)].map((half) => discard(half, `${folder}/trash`))
      yield* Effect.all(halves, { concurrency: 2 }).pipe(Effect.provide(logger))
      assert.deepStrictEqual(logged, [])
      assert.deepStrictEqual(Fs.readdirSync(`${folder}/w`), [])
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
      const program = bundle(
        folder,
        `
        import * as Effect from "effect/Effect"
        import * as Layer from "effect/Layer"
        import { Trash } from "./src/worktree/Trash.ts"
        import { bundle, runWithoutPrivileges } from "../support/program.ts"
import { processes } from "./test/support/stages.ts"
        await Effect.runPromise(Effect.provide(Effect.gen(function*() {
          const trash = yield* Trash
          yield* trash.discard(process.argv[2], process.argv[3])
          yield* trash.settle
        }), Trash.layer.pipe(Layer.provide(processes))))
        `
      )
      const end = runWithoutPrivileges(program, `${folder}/w`, `${folder}/trash`)
      assert.deepStrictEqual(end, { status: 0, stdout: "", stderr: "" })
      assert.isFalse(Fs.existsSync(`${folder}/w`))
      assert.deepStrictEqual(Fs.readdirSync(`${folder}/trash`), [])
    }))

  it.scopedLive("waits for the deletion also when interrupted meanwhile, where nothing can be interrupted", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(
        folder,
        Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`a/${index % 50}/${index}`, ""]))
      )
      yield* Effect.gen(function*() {
        const trash = yield* Trash
        yield* trash.discard(`${folder}/a`, `${folder}/trash`)
        const began = yield* Deferred.make<void>()
        const settle = Effect.uninterruptible(Effect.zipRight(Deferred.succeed(began, void 0), trash.settle))
        const fiber = yield* Effect.fork(settle)
        yield* Deferred.await(began)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(Fs.readdirSync(`${folder}/trash`), [])
      }).pipe(Effect.provide(live))
    }))

  it.scopedLive("never fails: where there is no trash folder to be had, the folder stays", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "a/file": "x", "trash": "a file" })
      yield* Logger.withMinimumLogLevel(discard([`${folder}/a`], `${folder}/trash`), LogLevel.None)
      assert.isTrue(Fs.existsSync(`${folder}/a/file`))
    }))
})
