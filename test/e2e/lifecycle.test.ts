/** Runs from several terminals: detached, listed, cancelled, resumed, cleaned away. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { RunResult } from "../../src/domain/Result.ts"
import { RunSummary } from "../../src/domain/RunState.ts"
import { promptOf, type Scene, scene } from "./support/scene.ts"
import { addFile, thenHang, wellBehaved } from "./support/script.ts"
import { assertUntouched, processesOf, snapshot } from "./support/untouched.ts"

const decodeRuns = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ runs: Schema.Array(RunSummary) })))
const decodeResult = Schema.decodeUnknownSync(Schema.parseJson(RunResult))

const tasksOf = (...ids: ReadonlyArray<string>): string =>
  JSON.stringify({ concurrency: 1, tasks: ids.map((id) => ({ task_id: id, prompt: promptOf(id) })) })

/** A command of which no more is asked than its exit code and what it says: what else runs is not over yet. */
const told = (cli: Scene["cli"], code: number, args: ReadonlyArray<string>, stdin?: string) =>
  Effect.map(cli(args, { unchecked: true, ...(stdin === undefined ? {} : { stdin }) }), (ended) => {
    assert.strictEqual(ended.code, code, `${args.join(" ")}\n${ended.stdout}\n${ended.stderr}`)
    return ended
  })

const statuses = (json: string): ReadonlyArray<string> => decodeResult(json).results.map(({ status }) => status)

describe("a detached run", () => {
  it.scopedLive("goes on without its starter, and is listed, shown, cancelled and resumed from elsewhere", () =>
    Effect.gen(function*() {
      const working = thenHang(addFile("src/half.txt", "half"))
      let answersNow = false
      const { cli, repo } = yield* scene({
        tasks: {
          early: wellBehaved("early"),
          working: (turn) => answersNow ? wellBehaved("working")(turn) : working.script(turn),
          late: wellBehaved("late")
        }
      })
      yield* told(cli, 0, ["trust", "--yes"])
      const before = snapshot(repo)
      const start = ["run", "-", "--detach", "--run-id", "away"]
      const { stdout } = yield* told(cli, 0, start, tasksOf("early", "working", "late"))
      assert.match(stdout, /^run away goes on in a process of its own\./)
      yield* working.reached

      const [listed] = decodeRuns((yield* told(cli, 0, ["runs", "list", "--json"])).stdout).runs
      assert.deepStrictEqual(
        [listed?.status, listed?.tasks.map(({ state }) => state)],
        ["running", ["success", "codex", "waiting"]]
      )
      assert.include((yield* told(cli, 0, ["runs", "show", "away"])).stdout, "working: codex")
      assert.include((yield* told(cli, 2, ["resume", "away"])).stderr, "codex-runner cancel away")
      assert.include((yield* told(cli, 2, ["runs", "clean", "away", "--yes"])).stderr, `run "away" is running`)

      const cancelled = yield* told(cli, 0, ["cancel", "aw", "--json"])
      assert.deepStrictEqual(statuses(cancelled.stdout), ["success", "cancelled", "skipped"])
      assert.strictEqual(repo.git("show", "refs/codex-runner/away/working:src/half.txt"), "half")
      assert.include((yield* told(cli, 0, ["cancel", "away"])).stderr, "was over already: cancelled")
      yield* allGone(repo.home)
      assertUntouched(repo, before)

      answersNow = true
      const resumed = yield* told(cli, 0, ["resume", "last", "--json"])
      assert.deepStrictEqual(statuses(resumed.stdout), ["success", "success", "success"])
      assert.strictEqual(repo.git("show", "refs/codex-runner/away/working:src/working.txt"), "working")
      assert.strictEqual(repo.git("show", "refs/codex-runner/away/working@1:src/half.txt"), "half")
      assert.include((yield* told(cli, 0, ["runs", "verify"])).stdout, "intact")
      assertUntouched(repo, before)
    }))

  it.scopedLive("that can't be started is told with everything that is wrong, and leaves nothing", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks: { a: wellBehaved("a") } })
      yield* told(cli, 0, ["trust", "--yes"])
      const before = snapshot(repo)
      const request = JSON.stringify({ base_ref: "nowhere", tasks: [{ task_id: "a", prompt: "x", timeout_sec: 5000 }] })
      const { stderr } = yield* told(cli, 2, ["run", "-", "--detach"], request)
      for (const place of ["base_ref", "timeout_sec"]) assert.include(stderr, place)
      assert.deepStrictEqual(decodeRuns((yield* told(cli, 0, ["runs", "list", "--json"])).stdout).runs, [])
      assertUntouched(repo, before)
    }))
})

describe("runs clean", () => {
  it.scopedLive("shows what would go; then worktrees that were kept go, and runs that are named, with their refs", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks: { a: wellBehaved("a") } })
      yield* told(cli, 0, ["trust", "--yes"])
      const before = snapshot(repo)
      yield* told(cli, 0, ["run", "-", "--run-id", "first", "--keep-worktrees", "always"], tasksOf("a"))
      const kept = decodeRuns((yield* told(cli, 0, ["runs", "list", "--json"])).stdout).runs[0]?.kept_worktrees ?? []
      assert.lengthOf(kept, 1)

      const shown = yield* told(cli, 1, ["runs", "clean"])
      assert.include(shown.stdout, kept[0] ?? "")
      assert.include(shown.stderr, "--yes")
      assert.isTrue(Fs.existsSync(`${kept[0]}/src/a.txt`))
      yield* told(cli, 0, ["runs", "clean", "--yes"])
      assert.isFalse(Fs.existsSync(kept[0] ?? ""))
      assert.strictEqual(repo.git("show", "refs/codex-runner/first/a:src/a.txt"), "a")
      assertUntouched(repo, before)

      yield* told(cli, 0, ["runs", "clean", "first", "--yes"])
      assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner"), "")
      assert.include((yield* told(cli, 0, ["runs", "list"])).stdout, "No runs yet")
      assertUntouched(repo, before)
    }))

  it.scopedLive("leaves alone a run whose work was applied while it asked, and says so", () =>
    Effect.gen(function*() {
      const { atTerminal, cli, repo } = yield* scene({ tasks: { a: wellBehaved("a") } })
      yield* told(cli, 0, ["trust", "--yes"])
      yield* told(cli, 0, ["run", "-", "--run-id", "first"], tasksOf("a"))
      const terminal = yield* atTerminal("codex-runner runs clean first")
      yield* terminal.shows("Remove this? [y/N]")
      yield* told(cli, 0, ["apply", "first"])
      yield* terminal.type("y\r")
      assert.strictEqual(yield* terminal.ended, 1)
      assert.include(terminal.bytes(), "Run first has changed meanwhile: it is left alone.")
      assert.notInclude(terminal.bytes(), "Removed.")
      assert.strictEqual(repo.git("show", "refs/codex-runner/first/a:src/a.txt"), "a")
    }))
})

/** The detached runner has told the end of its run before it is gone itself. */
const allGone = (home: string): Effect.Effect<void> =>
  Effect.suspend(() =>
    processesOf(home).length === 0 ? Effect.void : Effect.zipRight(Effect.sleep("50 millis"), allGone(home))
  )
