/** A runner that is killed with -9, and what the next start makes of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { RunResult } from "../../src/domain/Result.ts"
import { fakeUnshare, refusing } from "../support/containment.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { promptOf, scene } from "./support/scene.ts"
import { addFile, command, task, thenHang, wellBehaved } from "./support/script.ts"
import { assertUntouched, processesOf, snapshot, stateOf } from "./support/untouched.ts"

const decodeResult = Schema.decodeUnknownSync(Schema.parseJson(RunResult))

/**
 * One task done, one at work with a command that ignores signals, one that waits; then the runner is killed. What is
 * not contained in a namespace lives on.
 */
const killedRun = Effect.gen(function*() {
  const working = thenHang(
    addFile("src/begun.txt", "begun"),
    command("node work.mjs", { options: { yield_time_ms: 500 } })
  )
  const { cli, model, repo } = yield* scene({
    tasks: {
      early: wellBehaved("early"),
      working: working.script,
      waiting: wellBehaved("waiting"),
      next: wellBehaved("next")
    },
    files: {
      "work.mjs": "process.on('SIGINT', () => {})\nprocess.on('SIGTERM', () => {})\nsetInterval(() => {}, 1000)\n"
    }
  })
  const before = snapshot(repo)
  const request = (...ids: ReadonlyArray<string>) =>
    JSON.stringify({ concurrency: 1, tasks: ids.map((id) => ({ task_id: id, prompt: promptOf(id) })) })
  const run = (runId: string, ids: ReadonlyArray<string>, meanwhile?: Parameters<typeof cli>[1]) =>
    cli(["run", "-", "--json", "--run-id", runId], { unchecked: true, stdin: request(...ids), env, ...meanwhile })
  const env = { PATH: `${fakeUnshare(`${yield* scratchFolder}/bin`, refusing)}:${process.env["PATH"]}` }
  yield* run("killed", ["early", "working", "waiting"], {
    meanwhile: (program) => Effect.zipRight(working.reached, program.signal("SIGKILL"))
  })
  return { before, model, repo, run }
})

describe("after kill -9 of the runner", () => {
  it.scopedLive("the next start ends what still lives, keeps the work and clears the rest away", () =>
    Effect.gen(function*() {
      const { before, repo, run } = yield* killedRun
      assert.isNotEmpty(processesOf(repo.home), "otherwise there is nothing to end")
      const folder = `${stateOf(repo)}/${Fs.readdirSync(stateOf(repo)).find((name) => name.startsWith("repo"))}`
      const early = `${folder}/runs/killed/tasks/early/result.json`
      const result = Fs.readFileSync(early, "utf8")

      const { code, stderr } = yield* run("after", ["next"])
      assert.strictEqual(code, 0, stderr)
      assert.include(stderr, `the runner of run "killed" had died`)
      assert.include(stderr, "refs/codex-runner/killed/working")
      assert.strictEqual(repo.git("show", "refs/codex-runner/killed/working:src/begun.txt"), "begun")
      assert.strictEqual(repo.git("show", "refs/codex-runner/killed/early:src/early.txt"), "early")
      assert.strictEqual(Fs.readFileSync(early, "utf8"), result, "what was final stays final")
      assert.notInclude(repo.git("for-each-ref"), "@base")
      assertUntouched(repo, before)

      const again = yield* run("later", ["next"])
      assert.notInclude(again.stderr, "had died", "told once")
    }))

  it.scopedLive("nothing of a review is left, either", () =>
    Effect.gen(function*() {
      const reviewing = thenHang(command("cat src/base.txt"))
      const { cli, repo } = yield* scene({ review: reviewing.script })
      const before = snapshot(repo)
      const review = (options: Parameters<typeof cli>[1]) =>
        cli(["review", "-", "--trust-config"], { unchecked: true, stdin: "1. Do it.", ...options })
      yield* review({ meanwhile: (program) => Effect.zipRight(reviewing.reached, program.signal("SIGKILL")) })
      const folder = `${stateOf(repo)}/${Fs.readdirSync(stateOf(repo)).find((name) => name.startsWith("repo"))}`
      assert.lengthOf(Fs.readdirSync(`${folder}/reviews`), 1)
      assert.strictEqual((yield* review({ stdin: " " })).code, 2)
      yield* cli(["run", "-", "--dry-run", "--json"], { unchecked: true, stdin: `[{"task_id":"a","prompt":"b"}]` })
      assert.isFalse(Fs.existsSync(`${folder}/reviews`))
      assertUntouched(repo, before)
    }))

  it.scopedLive("a run that another process is at is left alone", () =>
    Effect.gen(function*() {
      const waiting = thenHang(addFile("src/slow.txt", "slow"))
      const { cli, repo } = yield* scene({ tasks: { slow: waiting.script, quick: wellBehaved("quick") } })
      const before = snapshot(repo)
      const start = (id: string, meanwhile: Parameters<typeof cli>[1] = {}) =>
        cli(["run", "-", "--json", "--run-id", id], {
          unchecked: true,
          stdin: JSON.stringify([{ task_id: id, prompt: promptOf(id) }]),
          ...meanwhile
        })
      const slow = yield* start("slow", {
        meanwhile: (program) =>
          Effect.gen(function*() {
            yield* waiting.reached
            const quick = yield* start("quick")
            assert.strictEqual(quick.code, 0, quick.stderr)
            assert.notInclude(quick.stderr, "had died")
            yield* program.signal("SIGINT")
          })
      })
      assert.strictEqual(slow.code, 130, slow.stderr)
      assert.strictEqual(repo.git("show", "refs/codex-runner/slow/slow:src/slow.txt"), "slow")
      assertUntouched(repo, before)
    }))

  it.scopedLive("a task whose session was kept goes on in its thread, with its files as they were", () =>
    Effect.gen(function*() {
      const working = thenHang(addFile("src/half.txt", "half"), command("cat src/base.txt"))
      const { cli, model, repo } = yield* scene({
        tasks: { working: working.script },
        resumed: task(command("cat src/half.txt"), addFile("src/rest.txt", "rest")),
        config: { codex_ephemeral: false }
      })
      yield* cli(["trust", "--yes"])
      const before = snapshot(repo)
      yield* cli(["run", "-", "--run-id", "kept"], {
        unchecked: true,
        stdin: JSON.stringify([{ task_id: "working", prompt: promptOf("working") }]),
        meanwhile: (program) => Effect.zipRight(working.reached, program.signal("SIGKILL"))
      })
      const resumed = yield* cli(["resume", "kept", "--json"], { unchecked: true })
      assert.strictEqual(resumed.code, 0, resumed.stderr)
      const [result] = decodeResult(resumed.stdout).results
      assert.deepStrictEqual(result?.files_changed, ["src/half.txt", "src/rest.txt"])
      assert.deepStrictEqual(result?.commands_run, [{ cmd: "cat src/half.txt", exit_code: 0 }])
      const asked = yield* model.requests
      assert.strictEqual(new Set(asked.map(({ turn }) => turn.threadId)).size, 1, "one thread")
      assert.strictEqual(result?.thread_id, asked[0]?.turn.threadId)
      assert.strictEqual(repo.git("show", "refs/codex-runner/kept/working@1:src/half.txt"), "half")
      // Codex's home stays: the thread is in it.
      assert.deepStrictEqual(processesOf(repo.home), [])
      assert.strictEqual(snapshot(repo).worktrees, before.worktrees)
    }))
})
