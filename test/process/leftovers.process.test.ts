import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { endMarked } from "../../src/process/leftovers.ts"
import { Processes } from "../../src/process/Processes.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { eventually, isRunning, pidIn } from "../support/processes.ts"
import { processes } from "../support/stages.ts"

const path = process.env["PATH"] ?? "/usr/bin:/bin"

describe.skipIf(process.platform !== "linux")("endMarked", () => {
  it.live("ends what left its group by a double fork and is deaf to SIGTERM, and gives 0", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const daemon = `trap "" TERM HUP; echo $$ > ${folder}/pid; while :; do sleep 0.05; done`
      const pid = yield* Effect.scoped(Effect.gen(function*() {
        const { spawn } = yield* Processes
        yield* spawn({
          command: "/bin/sh",
          args: ["-c", `setsid sh -c 'setsid sh -c '\\''${daemon}'\\'' & exit 0' >/dev/null 2>&1; sleep 1000`],
          cwd: "/",
          env: { PATH: path, CODEX_RUNNER_TEST_MARK: "leftovers-1" },
          stop: { signal: "SIGKILL", grace: "1 second" }
        })
        return yield* pidIn(`${folder}/pid`)
      }))
      assert.isTrue(isRunning(pid))
      assert.strictEqual(yield* endMarked("CODEX_RUNNER_TEST_MARK", "leftovers-1"), 0)
      assert.isFalse(isRunning(pid))
    }).pipe(Effect.scoped, Effect.provide(processes)))

  it.live("ends nothing whose mark only begins or ends the same", () =>
    Effect.gen(function*() {
      const others = ["leftovers-20", "leftovers-", "a leftovers-2"].map((mark) =>
        spawn("sleep", ["1000"], { env: { PATH: path, CODEX_RUNNER_TEST_MARK: mark }, stdio: "ignore" })
      )
      const pids = others.map((child) => child.pid ?? 0)
      yield* eventually(() => pids.every(isRunning))
      assert.strictEqual(yield* endMarked("CODEX_RUNNER_TEST_MARK", "leftovers-2"), 0)
      assert.deepStrictEqual(pids.map(isRunning), [true, true, true])
      for (const child of others) child.kill("SIGKILL")
    }))
})
