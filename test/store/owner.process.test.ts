import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawnSync } from "node:child_process"
import { isAlive, readOwner, thisProcess } from "../../src/store/owner.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

describe("a run's owner", () => {
  it.effect("this very process is alive", () =>
    Effect.gen(function*() {
      const owner = yield* thisProcess
      assert.strictEqual(owner.pid, process.pid)
      assert.isTrue(isAlive(owner))
    }))

  it.effect("a process that has ended is not", () =>
    Effect.gen(function*() {
      const { pid } = spawnSync("true")
      assert.isFalse(isAlive({ ...(yield* thisProcess), pid, start_time: null }))
    }))

  it.effect("a later process with the same pid is not, where the system tells start times", () =>
    Effect.gen(function*() {
      const owner = yield* thisProcess
      if (owner.start_time === null) return assert.isNull(owner.boot_id)
      assert.isFalse(isAlive({ ...owner, start_time: String(Number(owner.start_time) - 1) }))
    }))

  it.effect("the same pid before the machine was started again is not", () =>
    Effect.gen(function*() {
      const owner = yield* thisProcess
      assert.isFalse(isAlive({ ...owner, boot_id: "another" }))
    }))

  it.effect("a process of another user is alive", () =>
    Effect.gen(function*() {
      assert.isTrue(isAlive({ ...(yield* thisProcess), pid: 1, start_time: null }))
    }))

  it.scoped("is read from its file, none where that is missing or half-made", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const owner = yield* thisProcess
      const whole = JSON.stringify(owner)
      writeFiles(folder, { "whole.json": whole, "half.json": whole.slice(0, -5), "other.json": "{}" })
      assert.deepStrictEqual(readOwner(`${folder}/whole.json`), Option.some(owner))
      for (const name of ["half.json", "other.json", "missing.json"]) {
        assert.isTrue(Option.isNone(readOwner(`${folder}/${name}`)))
      }
    }))
})
