import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { RunResult } from "../../src/domain/Result.ts"
import type { Program } from "./support/program.ts"
import { promptOf, scene } from "./support/scene.ts"
import { addFile, command, thenHang, wellBehaved } from "./support/script.ts"
import { processesOf } from "./support/untouched.ts"

const decodeStored = Schema.decodeUnknownSync(Schema.parseJson(RunResult))

/** One task done, one at work with a command that won't end, one that waits for its turn. */
const makeScene = Effect.gen(function*() {
  const working = thenHang(
    addFile("src/begun.txt", "begun"),
    command("node work.mjs", { options: { yield_time_ms: 500 } })
  )
  const { cli, repo, run } = yield* scene({
    tasks: { early: wellBehaved("early"), working: working.script, waiting: wellBehaved("waiting") },
    files: {
      "work.mjs": "process.on('SIGINT', () => {})\nprocess.on('SIGTERM', () => {})\nsetInterval(() => {}, 1000)\n"
    }
  })
  return { cli, repo, run, reached: working.reached }
})

const signals: Readonly<Record<string, (program: Program) => Effect.Effect<void>>> = {
  "Ctrl-C (SIGINT to the whole group)": (program) => program.signalGroup("SIGINT"),
  "SIGTERM": (program) => program.signal("SIGTERM"),
  "a lost terminal (SIGHUP to the whole group)": (program) => program.signalGroup("SIGHUP"),
  "Ctrl-C twice": (program) =>
    program.signalGroup("SIGINT").pipe(
      Effect.zipRight(program.said("Ending the run")),
      Effect.zipRight(program.signalGroup("SIGINT"))
    )
}

describe("a signal in the middle of a run", () => {
  for (const [name, send] of Object.entries(signals)) {
    it.scopedLive(`${name}: everything ends, the work is kept, the result is told`, () =>
      Effect.gen(function*() {
        const { reached, repo, run } = yield* makeScene
        const { code, result, task: resultOf } = yield* run({
          request: { run_id: "stopped", concurrency: 1 },
          meanwhile: (program) => Effect.zipRight(reached, send(program))
        })

        assert.strictEqual(code, 130)
        assert.strictEqual(result.status, "cancelled")
        assert.deepStrictEqual(
          result.results.map((one) => [one.task_id, one.status, one.error?.kind ?? null]),
          [["early", "success", null], ["working", "cancelled", "cancelled"], ["waiting", "skipped", "cancelled"]]
        )
        const working = resultOf("working")
        assert.deepStrictEqual(working.files_changed, ["src/begun.txt"])
        assert.strictEqual(repo.git("show", `${working.ref}:src/begun.txt`), "begun")
        assert.deepStrictEqual(working.commands_run, [{ cmd: "node work.mjs", exit_code: null }])
        assert.include(working.notes_for_manager, "cancelled while it ran")
        assert.deepStrictEqual(decodeStored(readFileSync(`${working.log_dir}/../../result.json`, "utf8")), result)
      }))
  }

  it.scopedLive("at a terminal's table: it is shown with what was cancelled", () =>
    Effect.gen(function*() {
      const { cli, reached } = yield* makeScene
      const { code, stderr, stdout } = yield* cli(["run", "-", "--concurrency", "1"], {
        stdin: JSON.stringify(["working", "waiting"].map((task_id) => ({ task_id, prompt: promptOf(task_id) }))),
        meanwhile: (program) => Effect.zipRight(reached, program.signalGroup("SIGINT"))
      })
      assert.strictEqual(code, 130)
      assert.match(stdout, /^working +cancelled /m)
      assert.match(stdout, /^waiting +skipped /m)
      assert.match(stdout, /^cancelled in /m)
      assert.include(stderr, "Ending the run: what was done is kept")
    }))

  it.scopedLive("the native Codex is what runs, not npm's wrapper, and everything of a task is marked as its own", () =>
    Effect.gen(function*() {
      const { reached, repo, run } = yield* makeScene
      const seen: Array<string> = []
      yield* run({
        request: { run_id: "marked", concurrency: 1 },
        meanwhile: (program) =>
          Effect.gen(function*() {
            yield* reached
            for (const { environment, pid, program: exe } of processesOf(repo.home)) {
              if (pid === program.pid) continue
              assert.isTrue(environment.some((entry) => entry.startsWith("CODEX_RUNNER_TASK=marked/working@")), exe)
              seen.push(exe.slice(exe.lastIndexOf("/") + 1))
            }
            yield* program.signal("SIGTERM")
          })
      })
      assert.include(seen, "codex")
      assert.strictEqual(seen.filter((name) => name === "node").length, 1, "work.mjs alone")
    }))
})
