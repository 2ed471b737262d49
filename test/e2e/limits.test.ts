import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Reply from "../../src/scripted/Reply.ts"
import { scene } from "./support/scene.ts"
import { addFile, command, task, wellBehaved } from "./support/script.ts"

// The shortest limits there are take 10 s, and a busy machine needs more: they run side by side.
describe.concurrent("limits of time", () => {
  it.scopedLive("timeout_sec: ends the task with all it started, keeps what was done", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: {
          slow: task(
            addFile("src/begun.txt", "begun"),
            command("node work.mjs", { options: { yield_time_ms: 500 } }),
            Reply.hang
          ),
          quick: wellBehaved("quick")
        },
        // Codex goes on while the command does, and it ignores every polite signal.
        files: {
          "work.mjs": "for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {})\n"
            + "setInterval(() => {}, 1000)\n"
        }
      })
      const { code, result, task: resultOf } = yield* run({ task: { slow: { timeout_sec: 20 } } })

      assert.strictEqual(code, 1)
      assert.strictEqual(result.status, "completed")
      const slow = resultOf("slow")
      assert.strictEqual(slow.status, "timeout")
      assert.strictEqual(slow.error?.kind, "timeout")
      assert.match(slow.error?.message ?? "", /^Task timeout exceeded \(20s\)/)
      assert.deepStrictEqual(slow.files_changed, ["src/begun.txt"])
      assert.strictEqual(repo.git("show", `${slow.ref}:src/begun.txt`), "begun")
      assert.deepStrictEqual(slow.commands_run, [{ cmd: "node work.mjs", exit_code: null }])
      assert.isAtLeast(slow.duration_ms, 20_000)
      assert.strictEqual(resultOf("quick").status, "success")
    }))

  it.scopedLive("idle_timeout_sec: ends a task whose Codex says nothing", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({
        tasks: { silent: task(addFile("src/begun.txt", "begun"), Reply.hang) },
        config: { idle_timeout_sec: 20 }
      })
      const { code, task: resultOf } = yield* run()
      assert.strictEqual(code, 1)
      const silent = resultOf("silent")
      assert.strictEqual(silent.status, "timeout")
      assert.deepStrictEqual(silent.error, {
        kind: "idle_timeout",
        message: "Codex said nothing for 20 s (idle_timeout_sec)."
      })
      assert.isNotNull(silent.ref)
    }))
})
