/** What a program that embeds the runner would be left with after many tasks. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { aTurn, fakeCodex } from "../codex/fakeCodex.ts"
import { gitRepo } from "../support/GitRepo.ts"
import { requestFor, run, shippedRunner } from "./pipeline.ts"

/** Open descriptors, by what they lead to where that doesn't change from one to the next. */
const descriptors = (): ReadonlyArray<string> =>
  Fs.readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [Fs.readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, "N")]
    } catch {
      // The one that reads the folder.
      return []
    }
  }).sort()

/** This process's children, zombies included. */
const children = (): ReadonlyArray<string> =>
  Fs.readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter((pid) => pid !== "").map((pid) =>
    Fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^\d+ (\(.*\) \w) .*/s, "$1")
  )

const listeners = () => process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`).sort()

const seen = () => ({ descriptors: descriptors(), children: children(), listeners: listeners() })

describe.skipIf(process.platform !== "linux")("after many tasks", () => {
  it.scopedLive("no descriptor, no child, zombie or not, and no listener is left", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const warnings: Array<string> = []
      const warn = (warning: Error) => void warnings.push(warning.name)
      const codex_command = fakeCodex(`${repo.home}/bin`, {
        exec: `while [ "$1" != -C ]; do shift; done
mkdir "$2/src"; echo new > "$2/src/new.txt"
setsid sleep 1000 >/dev/null 2>&1 &
${aTurn}`,
        loggedIn: true
      })
      const runner = shippedRunner(repo, { config: { codex_command, max_tasks_per_run: 50 } })
      const runMany = (run_id: string, count: number) =>
        run(requestFor(Array.from({ length: count }, (_, n) => `task-${n}`), { run_id, concurrency: 8 }))
      yield* Effect.gen(function*() {
        // What is made once, and kept.
        yield* runMany("first", 4)
        process.on("warning", warn)
        const before = seen()
        const { results } = yield* runMany("second", 40)
        assert.isTrue(results.every(({ status }) => status === "success"))
        assert.deepStrictEqual(seen(), before)
        assert.deepStrictEqual(warnings, [])
        process.off("warning", warn)
      }).pipe(Effect.provide(runner))
    }))
})
