import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { copyIndex, copyTree } from "../../src/process/copyFile.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

const folders = Effect.map(scratchFolder, (home) => {
  const [from, to] = [`${home}/checkout`, `${home}/worktree`]
  Fs.mkdirSync(from)
  Fs.mkdirSync(to)
  return { home, from, to, copy: (relative: string) => copyTree({ fromRoot: from, toRoot: to, relative }) }
})

const modeOf = (path: string) => (Fs.lstatSync(path).mode & 0o777).toString(8)

describe("copyTree", () => {
  it.scoped("copies a folder with contents, modes and empty folders, and gives the number of files", () =>
    Effect.gen(function*() {
      const { copy, from, to } = yield* folders
      writeFiles(from, {
        "node_modules/a/index.js": "a",
        "node_modules/a/bin.js": { exec: "#!/bin/sh\n" },
        "node_modules/@scope/ünïcode name/x": new Uint8Array([0, 255, 10])
      })
      Fs.mkdirSync(`${from}/node_modules/empty`)
      Fs.chmodSync(`${from}/node_modules/a/index.js`, 0o444)
      assert.strictEqual(yield* copy("node_modules"), 3)
      assert.strictEqual(modeOf(`${to}/node_modules/a/bin.js`), "755")
      assert.strictEqual(modeOf(`${to}/node_modules/a/index.js`), "444")
      assert.deepStrictEqual([...Fs.readFileSync(`${to}/node_modules/@scope/ünïcode name/x`)], [0, 255, 10])
      assert.isTrue(Fs.statSync(`${to}/node_modules/empty`).isDirectory())
    }))

  it.scoped("fills folders that their owner may not write to", () =>
    Effect.gen(function*() {
      const { copy, from, to } = yield* folders
      writeFiles(from, { "cache/module/file.go": "package x" })
      Fs.chmodSync(`${from}/cache/module`, 0o555)
      assert.strictEqual(yield* copy("cache"), 1)
      assert.strictEqual(modeOf(`${to}/cache/module`), "755")
    }))

  it.scoped("keeps relative links, points absolute ones of the checkout at the copy, leaves others as they are", () =>
    Effect.gen(function*() {
      const { copy, from, home, to } = yield* folders
      Fs.mkdirSync(`${home}/checkout-other`)
      writeFiles(from, {
        "d/real": "real",
        "d/relative": { link: "../d/real" },
        "d/inside": { link: `${from}/d/real` },
        "d/root": { link: from },
        "d/outside": { link: "/etc/hostname" },
        "d/sibling": { link: `${home}/checkout-other` },
        "d/dangling": { link: "nowhere" }
      })
      assert.strictEqual(yield* copy("d"), 7)
      const links = ["relative", "inside", "root", "outside", "sibling", "dangling"]
      assert.deepStrictEqual(links.map((name) => Fs.readlinkSync(`${to}/d/${name}`)), [
        "../d/real",
        `${to}/d/real`,
        to,
        "/etc/hostname",
        `${home}/checkout-other`,
        "nowhere"
      ])
    }))

  it.scoped("overwrites nothing, and writes through no link that is there", () =>
    Effect.gen(function*() {
      const { copy, from, home, to } = yield* folders
      writeFiles(from, { "d/file": "copied", "d/link": { link: "copied" }, "e/file": "copied" })
      writeFiles(to, { "d/file": "kept", "d/link": { link: "kept" }, e: { link: `${home}/victim` } })
      Fs.mkdirSync(`${home}/victim`)
      yield* copy("d")
      yield* copy("e")
      assert.strictEqual(Fs.readFileSync(`${to}/d/file`, "utf8"), "kept")
      assert.strictEqual(Fs.readlinkSync(`${to}/d/link`), "kept")
      assert.deepStrictEqual(Fs.readdirSync(`${home}/victim`), [])
    }))

  it.scoped("leaves pipes out instead of waiting for them", () =>
    Effect.gen(function*() {
      const { copy, from, to } = yield* folders
      writeFiles(from, { "d/file": "x" })
      assert.strictEqual(spawnSync("mkfifo", [`${from}/d/pipe`]).status, 0)
      assert.strictEqual(yield* copy("d"), 1)
      assert.deepStrictEqual(Fs.readdirSync(`${to}/d`), ["file"])
    }))

  it.scoped("copies one file into folders that are not there yet", () =>
    Effect.gen(function*() {
      const { copy, from, to } = yield* folders
      writeFiles(from, { "config/local/.env.test": "A=1\n" })
      assert.strictEqual(yield* copy("config/local/.env.test"), 1)
      assert.strictEqual(Fs.readFileSync(`${to}/config/local/.env.test`, "utf8"), "A=1\n")
    }))

  it.scoped("fails with the path it could not copy", () =>
    Effect.gen(function*() {
      const { copy, from } = yield* folders
      const error = yield* Effect.flip(copy("missing"))
      assert.include(error.message, `cannot copy ${from}/missing: ENOENT`)
    }))
})

describe("copyIndex", () => {
  it.scoped("gives the copy a time that is not later than the original's", () =>
    Effect.gen(function*() {
      const { home } = yield* folders
      Fs.writeFileSync(`${home}/index`, "index")
      Fs.utimesSync(`${home}/index`, 1_700_000_000.1239, 1_700_000_000.1239)
      yield* copyIndex(`${home}/index`, `${home}/copy`)
      const [original, copy] = [Fs.statSync(`${home}/index`).mtimeMs, Fs.statSync(`${home}/copy`).mtimeMs]
      assert.isAtMost(copy, original)
      assert.isAbove(copy, original - 2)
    }))
})
