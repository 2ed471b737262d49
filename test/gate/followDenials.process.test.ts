import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { appendFileSync } from "node:fs"
import type { Denied } from "../../src/domain/Result.ts"
import { followDenials } from "../../src/gate/followDenials.ts"
import { gateLogIn } from "../../src/gate/gateLog.ts"
import { maxDenied } from "../../src/gate/joinGate.ts"
import { scratchFolder } from "../support/GitRepo.ts"

const entry = (what: string, allow = false): string =>
  JSON.stringify({ at: "", id: "1", tool: "Bash", what, cwd: "/w", allow, ...(allow ? {} : { reason: "no" }) })

const follower = Effect.map(scratchFolder, (folder) => {
  const told: Array<Denied> = []
  let heard = () => {}
  return {
    told,
    log: (text: string) => Effect.sync(() => appendFileSync(gateLogIn(folder), text)),
    /** Waits until so many were told. */
    until: (count: number) =>
      Effect.async<void>((resume) => {
        heard = () => {
          if (told.length >= count) resume(Effect.void)
        }
        heard()
      }),
    follow: followDenials(folder, (denied) =>
      Effect.sync(() => {
        told.push(denied)
        heard()
      }))
  }
})

describe("denials", () => {
  it.scopedLive("are told while the work goes on, each once, as results tell of them", () =>
    Effect.gen(function*() {
      const { follow, log, told, until } = yield* follower
      yield* follow(Effect.gen(function*() {
        yield* log(`${entry("curl a")}\n${entry("npm test", true)}\n`)
        yield* until(1)
        yield* log(`${entry("curl b")}\n`)
        yield* until(2)
      }))
      assert.deepStrictEqual(told, [
        { tool: "shell", what: "curl a", reason: "no" },
        { tool: "shell", what: "curl b", reason: "no" }
      ])
    }))

  it.scopedLive("that are there in the end are told before the work counts as ended, also where it failed", () =>
    Effect.gen(function*() {
      const { follow, log, told } = yield* follower
      const exit = yield* Effect.exit(follow(Effect.zipRight(log(`${entry("late")}\n`), Effect.fail("so"))))
      assert.deepStrictEqual(exit, Exit.fail("so"))
      assert.deepStrictEqual(told.map(({ what }) => what), ["late"])
    }))

  it.scopedLive("are read whole: a line that is still being written waits", () =>
    Effect.gen(function*() {
      const { follow, log, told, until } = yield* follower
      const line = entry("half and half")
      yield* follow(Effect.gen(function*() {
        yield* log(`${entry("first")}\n${line.slice(0, 20)}`)
        yield* until(1)
        yield* log(`${line.slice(20)}\nno JSON\n`)
      }))
      assert.deepStrictEqual(told.map(({ what }) => what), ["first", "half and half"])
    }))

  it.scopedLive("are no more than a result lists, and none where there is no log", () =>
    Effect.gen(function*() {
      const many = yield* follower
      yield* many.follow(many.log(`${entry("x")}\n`.repeat(maxDenied + 50)))
      assert.lengthOf(many.told, maxDenied)
      const none = yield* follower
      yield* none.follow(Effect.void)
      assert.lengthOf(none.told, 0)
    }))
})
