import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import { makeIncreasing, type Say, withProgress } from "../../src/mcp/progress.ts"

interface Told {
  readonly atMs: number
  readonly progress: number
  readonly message: string
}

/** Work that is told of, on the test's clock. */
const telling = (work: (say: Say) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const told: Array<Told> = []
    const clock = yield* Effect.clock
    const fiber = yield* Effect.fork(withProgress((progress, _total, message) => {
      told.push({ atMs: clock.unsafeCurrentTimeMillis(), progress, message })
      return Promise.resolve()
    }, work))
    return { told, fiber }
  })

describe("progress", () => {
  it.effect("is told at once, and never further apart than 15 seconds, also where nothing changes", () =>
    Effect.gen(function*() {
      const { fiber, told } = yield* telling(() => Effect.sleep("2 minutes"))
      for (let second = 0; second < 120; second++) yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(told[0]?.atMs, 0)
      assert.isAtLeast(told.length, 8)
      for (const [index, { atMs, progress }] of told.entries()) {
        const before = told[index - 1]
        if (before === undefined) continue
        assert.isAtMost(atMs - before.atMs, 15_000)
        assert.isAbove(progress, before.progress)
      }
      const count = told.length
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(told, count, "nothing after the end")
    }))

  it.effect("tells of changes as they come, of many at once the last", () =>
    Effect.gen(function*() {
      const { fiber, told } = yield* telling((say) =>
        Effect.zipRight(
          Effect.forEach([1, 2, 3], (done) => say({ done, total: 9, message: `${done}` })),
          Effect.sleep("5 seconds")
        )
      )
      for (let tick = 0; tick < 10; tick++) yield* TestClock.adjust("500 millis")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(told.map(({ message }) => message), ["checking the request", "3"])
    }))

  it.effect("where nobody asked, the work is all", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* withProgress(undefined, () => Effect.succeed(1)), 1)
    }))

  it("strictly increases whatever is said, and stays below the total", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (counts) => {
      const increasing = makeIncreasing()
      let last = -1
      for (const done of counts) {
        const now = increasing({ done, total: 5, message: "" })
        assert.isAbove(now, last)
        assert.isBelow(now, 5)
        last = now
      }
    }))
  })
})
