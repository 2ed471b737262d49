import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawnSync } from "node:child_process"
import { Slots } from "../../src/process/Slots.ts"
import { scratchFolder } from "../support/GitRepo.ts"

/** A runner of its own: another instance shares nothing with this one but the files. */
const inSlot = (folder: string, count: number) => <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.flatMap(Slots, (slots) => slots.withSlot({ folder, count })(effect)).pipe(Effect.provide(Slots.layer))

const isFree = (slot: string): boolean => spawnSync("flock", ["-n", "-x", slot, "true"]).status === 0

describe("Slots", () => {
  it.scopedLive("let no more in at a time than there are, over all who share the folder", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      let [now, most] = [0, 0]
      const work = Effect.gen(function*() {
        most = Math.max(most, ++now)
        yield* Effect.sleep("30 millis")
        now--
      })
      yield* Effect.forEach(Array.from({ length: 8 }), () => inSlot(folder, 2)(work), { concurrency: "unbounded" })
      assert.strictEqual(most, 2)
    }))

  it.scopedLive("are free again after a failure and an interruption, also of one that waits", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      assert.strictEqual(yield* Effect.flip(inSlot(folder, 1)(Effect.fail("no"))), "no")
      const held = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(
        inSlot(folder, 1)(Effect.zipRight(Deferred.succeed(held, undefined), Effect.never))
      )
      yield* Deferred.await(held)
      assert.isFalse(isFree(`${folder}/0`))
      const waiter = yield* Effect.fork(inSlot(folder, 1)(Effect.void))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiter)
      assert.isFalse(isFree(`${folder}/0`))
      yield* Fiber.interrupt(holder)
      assert.isTrue(isFree(`${folder}/0`))
      yield* inSlot(folder, 1)(Effect.void)
    }))

  it.scopedLive("a folder that can't be made fails, and the effect is not run", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(inSlot("/dev/null/slots", 1)(Effect.die("it was run")))
      assert.strictEqual(error._tag, "LockFailed")
    }))
})
