import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Fs from "node:fs"
import { takeWithinLimits } from "../../src/patch/limits.ts"
import { walk, walkLimits } from "../../src/patch/walk.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

const limits = { fileBytes: 100, totalBytes: 250, files: 4 }

const take = (files: Readonly<Record<string, number>>, gone: ReadonlyArray<string> = []) =>
  Effect.map(scratchFolder, (root) => {
    writeFiles(root, Object.fromEntries(Object.entries(files).map(([name, size]) => [name, "x".repeat(size)])))
    const { deleted, overflow, tooLarge, written } = takeWithinLimits(
      root,
      new Set(gone),
      [...gone, ...Object.keys(files)],
      limits
    )
    return { deleted, overflow, tooLarge, written }
  })

const beyond = (count: number) => [`${count} files are beyond the cap of 4 files or 250 bytes`]

describe("takeWithinLimits", () => {
  it.scoped("takes what is at its limit and leaves out what is over it, each said", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* take({ a: 100, b: 101, c: 100, d: 50 }), {
        deleted: [],
        written: ["a", "c", "d"],
        tooLarge: ["b"],
        overflow: []
      })
      assert.deepStrictEqual((yield* take({ a: 100, b: 100, c: 51 })).overflow, beyond(1))
      assert.deepStrictEqual(yield* take({ a: 1, b: 1, c: 1, d: 1 }, ["gone"]), {
        deleted: ["gone"],
        written: ["a", "b", "c"],
        tooLarge: [],
        overflow: beyond(1)
      })
    }))
})

describe("walk", () => {
  const options = { except: new Set<string>(), expected: 0 }

  it.scoped("refuses more entries than its limit beyond what was there before", () =>
    Effect.gen(function*() {
      const root = yield* scratchFolder
      writeFiles(root, { a: "", b: "", "c/d": "", "c/e": "" })
      const allowed = (entries: number) => walk(root, { ...options, expected: entries - walkLimits.entries })
      assert.lengthOf([...(yield* allowed(5)).files], 4)
      const error = yield* Effect.flip(allowed(4))
      assert.strictEqual(error.message, `cannot look through ${root}: more than 4 files and folders`)
    }))

  it.scoped("refuses folders deeper than its limit", () =>
    Effect.gen(function*() {
      const root = yield* scratchFolder
      Fs.mkdirSync(`${root}/${"d/".repeat(walkLimits.depth)}`, { recursive: true })
      yield* walk(root, options)
      Fs.mkdirSync(`${root}/${"d/".repeat(walkLimits.depth + 1)}`)
      const error = yield* Effect.flip(walk(root, options))
      assert.include(error.message, `folders deeper than ${walkLimits.depth}`)
    }))

  it.scoped("is not cut short by an interruption where nothing can be interrupted", () =>
    Effect.gen(function*() {
      const root = yield* scratchFolder
      writeFiles(root, Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`${index % 3}/${index}`, ""])))
      const [began, seen] = [yield* Deferred.make<void>(), yield* Deferred.make<number>()]
      const fiber = yield* Effect.fork(Effect.uninterruptible(
        Deferred.succeed(began, void 0).pipe(
          Effect.zipRight(walk(root, options)),
          Effect.flatMap(({ files }) => Deferred.succeed(seen, files.size))
        )
      ))
      yield* Deferred.await(began)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(seen))
      assert.strictEqual(yield* Deferred.await(seen), 6_000)
    }))

  it.scoped("does not look into folders that don't count, nor through links", () =>
    Effect.gen(function*() {
      const root = yield* scratchFolder
      writeFiles(root, { "node_modules/x": "", "src/node_modules/y": "", "link": { link: "node_modules" } })
      const seen = yield* walk(root, { ...options, except: new Set(["node_modules"]) })
      assert.deepStrictEqual([...seen.files].sort(), ["link", "src/node_modules/y"])
    }))
})
