import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import { openCappedLog } from "../../src/store/cappedLog.ts"
import { writeDurably } from "../../src/store/durable.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

const onDisk = Effect.provide(NodeFileSystem.layer)

describe("writeDurably", () => {
  it.scoped("replaces the whole content, mode 0600, and leaves no draft", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      yield* writeDurably(`${folder}/a.json`, "one, and a longer one")
      yield* writeDurably(`${folder}/a.json`, "two")
      assert.deepStrictEqual(Fs.readdirSync(folder), ["a.json"])
      assert.strictEqual(Fs.readFileSync(`${folder}/a.json`, "utf8"), "two")
      assert.strictEqual(Fs.statSync(`${folder}/a.json`).mode & 0o777, 0o600)
    }).pipe(onDisk))

  it.scoped("a write that fails leaves what was there, and no draft", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "taken/file": "here\n" })
      const error = yield* Effect.flip(writeDurably(`${folder}/taken`, "text"))
      assert.strictEqual(error._tag, "StoreFailed")
      assert.match(error.message, /^cannot keep .*\/taken: .*Is the disk full or read-only\?$/)
      assert.deepStrictEqual(Fs.readdirSync(folder), ["taken"])
    }).pipe(onDisk))

  it.scoped("a disk that fills up half way leaves the old content, and no draft", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      writeFiles(folder, { "a.json": "old" })
      const real = yield* FileSystem.FileSystem
      // The disk is full from the moment the draft is open.
      const full = Layer.succeed(
        FileSystem.FileSystem,
        FileSystem.FileSystem.of({
          ...real,
          open: (path, options) => Effect.zipRight(real.open(path, options), real.open("/dev/full", { flag: "w" }))
        })
      )
      const error = yield* Effect.flip(Effect.provide(writeDurably(`${folder}/a.json`, "new"), full))
      assert.include(error.message, "ENOSPC")
      assert.deepStrictEqual(Fs.readdirSync(folder), ["a.json"])
      assert.strictEqual(Fs.readFileSync(`${folder}/a.json`, "utf8"), "old")
    }).pipe(onDisk))
})

describe("a capped log", () => {
  const bytes = (text: string) => new TextEncoder().encode(text)

  it.scoped("stops at its cap, in the middle of a chunk too, and says so once", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      yield* Effect.scoped(Effect.gen(function*() {
        const log = yield* openCappedLog(`${folder}/log`, 10)
        for (const text of ["12345", "6789012345", "more", "and more"]) yield* log.append(bytes(text))
      }))
      assert.strictEqual(
        Fs.readFileSync(`${folder}/log`, "utf8"),
        "1234567890\n[cut here: the log's cap of 10 bytes]\n"
      )
      assert.strictEqual(Fs.statSync(`${folder}/log`).mode & 0o777, 0o600)
    }).pipe(onDisk))

  it.scoped("below its cap it holds everything, in order", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      yield* Effect.scoped(Effect.gen(function*() {
        const log = yield* openCappedLog(`${folder}/log`)
        for (let i = 0; i < 100; i++) yield* log.append(bytes(`${i}\n`))
      }))
      assert.strictEqual(
        Fs.readFileSync(`${folder}/log`, "utf8"),
        Array.from({ length: 100 }, (_, i) => `${i}\n`).join("")
      )
    }).pipe(onDisk))

  it.scoped("a full disk is a StoreFailed", () =>
    Effect.gen(function*() {
      const log = yield* openCappedLog("/dev/full")
      assert.strictEqual((yield* Effect.flip(log.append(bytes("x"))))._tag, "StoreFailed")
    }).pipe(onDisk))
})
