import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { keepBeating } from "../../src/store/heartbeat.ts"
import { isOwned, ownerFile, ownerIsAlive, startTimeByPs, thisProcess } from "../../src/store/owner.ts"
import { isLeftBehind, ownMark } from "../../src/store/ownMark.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { until } from "../support/until.ts"

/** Owners whose processes can't be seen from here. */
const strangers = {
  "a container's": { pid_namespace: "pid:[1]" },
  "another machine's": { boot_id: "another" }
} as const

const folderOf = (owner: object) =>
  Effect.gen(function*() {
    const folder = yield* scratchFolder
    Fs.writeFileSync(ownerFile(folder), JSON.stringify({ ...(yield* thisProcess), ...owner }))
    return folder
  })

const hourAgo = Date.now() / 1000 - 3600

describe("an owner whose process can't be seen from here", () => {
  for (const [name, owner] of Object.entries(strangers)) {
    it.scoped(`(${name}) is alive while it says so, whatever process has its pid here`, () =>
      Effect.gen(function*() {
        const folder = yield* folderOf({ ...owner, pid: 2 ** 22 + 1 })
        assert.isTrue(ownerIsAlive(folder))
        assert.isTrue(isOwned(folder))
        Fs.utimesSync(ownerFile(folder), hourAgo, hourAgo)
        assert.isFalse(ownerIsAlive(folder))
        assert.isFalse(isOwned(folder))
      }))
  }

  it.scoped("is alive where its file can't be read: nobody touches what can't be judged", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      Fs.mkdirSync(ownerFile(folder))
      assert.isTrue(ownerIsAlive(folder))
      assert.isTrue(isOwned(folder))
      Fs.writeFileSync(`${folder}/file`, "")
      assert.isTrue(isOwned(`${folder}/file`))
    }))
})

describe("a heartbeat", () => {
  it.scopedLive("goes on until it is told to stop, or the folder is another's", () =>
    Effect.gen(function*() {
      const folder = yield* folderOf({})
      const file = ownerFile(folder)
      const beats = () => Fs.statSync(file).mtimeMs > 1_000_000
      Fs.utimesSync(file, 1, 1)
      const stop = keepBeating(folder, 10)
      yield* until(beats)
      Fs.utimesSync(file, 1, 1)
      yield* until(beats)
      Fs.writeFileSync(file, "another's")
      Fs.utimesSync(file, 1, 1)
      yield* Effect.sleep("50 millis")
      assert.isFalse(beats())
      stop()
    }))
})

describe("a mark in a name", () => {
  const [pid = "", start = "", namespace = ""] = ownMark().split(".")

  it.scoped("tells whose it is, also where the pid is another process's now", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      assert.isFalse(isLeftBehind(folder, `${ownMark()}-1-0`))
      assert.isFalse(isLeftBehind(folder, `${pid}-1-0`), "as earlier versions wrote it")
      assert.isTrue(isLeftBehind(folder, `${pid}.${Number(start) - 1}.${namespace}-1-0`))
      assert.isTrue(isLeftBehind(folder, `${2 ** 22 + 1}.${start}.${namespace}-1-0`))
      assert.isFalse(isLeftBehind(folder, "other"))
    }))

  it.scoped("of another PID namespace counts for an hour", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const mark = `${2 ** 22 + 1}.${start}.1`
      assert.isFalse(isLeftBehind(folder, mark))
      Fs.utimesSync(folder, hourAgo - 1, hourAgo - 1)
      assert.isTrue(isLeftBehind(folder, mark))
    }))
})

describe("a process's start by ps", () => {
  it("is always told alike, and not at all where there is none", () => {
    assert.match(startTimeByPs(process.pid) ?? "", /^[A-Z][a-z]{2}_[A-Z][a-z]{2}_\d+_\d+_\d+_\d+_20\d\d$/)
    assert.strictEqual(startTimeByPs(process.pid), startTimeByPs(process.pid))
    assert.isNull(startTimeByPs(2 ** 22 + 1))
  })
})
