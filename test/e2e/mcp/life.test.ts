/** The server's life ends with its client's, in whatever way, and takes with it all that it started. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { eventually } from "../../support/processes.ts"
import { connect, type Connected, connectTo, type McpServer } from "../support/mcp.ts"
import { promptOf, type Scene, scene } from "../support/scene.ts"
import { addFile, command, thenHang, type Watched, wellBehaved } from "../support/script.ts"
import { assertUntouched, processesOf, type Snapshot, snapshot, stateOf } from "../support/untouched.ts"

const tasksOf = (...ids: ReadonlyArray<string>) => ids.map((task_id) => ({ task_id, prompt: promptOf(task_id) }))

const files = {
  "work.mjs": "process.on('SIGINT', () => {})\nprocess.on('SIGTERM', () => {})\nsetInterval(() => {}, 1000)\n"
}

/** In the middle of a command that heeds no signal. */
const atWork = (name: string) =>
  thenHang(addFile(`src/${name}.txt`, name), command("node work.mjs", { options: { yield_time_ms: 500 } }))

/** A server with a run of its own, and a call that waits for it: that must not keep the server. */
const begin = (at: Scene, { reached }: Watched, runId: string, ...tasks: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { call, client, server } = yield* connect({ cwd: at.repo.root, env: at.env })
    yield* call("run_codex_tasks", { run_id: runId, concurrency: 1, wait_sec: 0, tasks: tasksOf(...tasks) })
    const waiting = client.callTool({ name: "await_run", arguments: { run_id: runId, wait_sec: 600 } })
    waiting.catch(() => undefined)
    yield* reached
    return server
  })

/** Until the next server, which looks at the runs, has cleared away what was left. */
const look = (at: Scene, before: Snapshot, check: (call: Connected["call"]) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const { call, server } = yield* connect({ cwd: at.repo.root, env: at.env })
    yield* check(call)
    yield* eventually(() =>
      Fs.readdirSync(stateOf(at.repo), { recursive: true, encoding: "utf8" }).every((path) => !/\/trash\/./.test(path))
    )
    server.child.stdin.end()
    yield* server.ended
    assertUntouched(at.repo, before)
  })

interface End {
  readonly name: string
  readonly code: number
  readonly how: (server: McpServer) => void
}

const ends: ReadonlyArray<End> = [
  { name: "input", code: 0, how: ({ child }) => child.stdin.end() },
  { name: "term", code: 0, how: ({ child }) => child.kill("SIGTERM") },
  { name: "hup", code: 0, how: ({ child }) => child.kill("SIGHUP") },
  { name: "int", code: 130, how: ({ child }) => child.kill("SIGINT") },
  {
    name: "pipe",
    code: 0,
    how: (server) => {
      server.child.stdout.destroy()
      server.send({ id: "late", method: "ping" })
    }
  }
]

/** The server gives itself 1.5 s; a client kills it after two; a busy machine may be late to tell. */
const longestMs = 4000

describe("in the middle of a run", () => {
  it.scopedLive("end of input, SIGTERM, SIGHUP, SIGINT, a broken pipe: server and runs are gone, the work is kept", () =>
    Effect.gen(function*() {
      const working = ends.map(({ name }) => ({ name, watched: atWork(name) }))
      const at = yield* scene({
        tasks: Object.fromEntries(working.map(({ name, watched }) => [name, watched.script])),
        files
      })
      yield* at.cli(["trust", "--yes"])
      const before = snapshot(at.repo)
      const servers = yield* Effect.forEach(
        ends,
        ({ name }, index) => begin(at, working[index]?.watched ?? atWork(name), name, name),
        { concurrency: 2 }
      )
      assert.isAbove(processesOf(at.repo.home).length, 2 * servers.length, "otherwise there is nothing to end")
      yield* Effect.forEach(ends, ({ code, how, name }, index) =>
        Effect.gen(function*() {
          const server = servers[index]
          if (server === undefined) return assert.fail(name)
          const count = server.messages.length
          const from = yield* Clock.currentTimeMillis
          how(server)
          assert.deepStrictEqual(yield* server.ended, { code, signal: null }, name)
          assert.isBelow((yield* Clock.currentTimeMillis) - from, longestMs)
          assert.lengthOf(server.messages, count, "nothing more is answered")
          assert.notMatch(server.stderr(), /level=ERROR|\n +at /)
        }), { concurrency: "unbounded" })
      yield* eventually(() => processesOf(at.repo.home).length === 0)

      yield* look(at, before, (call) =>
        Effect.gen(function*() {
          const list = yield* call("list_runs")
          for (const { name } of ends) {
            assert.match(list.text, new RegExp(`^- ${name}: interrupted, 0 of 1 done`, "m"))
            assert.strictEqual(at.repo.git("show", `refs/codex-runner/${name}/${name}:src/${name}.txt`), name)
          }
        }))
    }))

  it.scopedLive("SIGKILL: the next server ends what still lives, keeps the work and tells of it", () =>
    Effect.gen(function*() {
      const working = atWork("begun")
      const tasks = { early: wellBehaved("early"), begun: working.script, waiting: wellBehaved("waiting") }
      const at = yield* scene({ tasks, files })
      yield* at.cli(["trust", "--yes"])
      const before = snapshot(at.repo)
      const server = yield* begin(at, working, "cut", ...Object.keys(tasks))
      server.child.kill("SIGKILL")
      yield* server.ended
      yield* look(at, before, (call) =>
        Effect.gen(function*() {
          assert.match((yield* call("list_runs")).text, /^- cut: interrupted, 1 of 3 done, 1 succeeded/m)
          const run = yield* call("await_run", { run_id: "cut" })
          assert.match(run.text, /^- early: success/m)
          assert.include(run.text, "codex-runner resume cut")
          assert.strictEqual(at.repo.git("show", "refs/codex-runner/cut/begun:src/begun.txt"), "begun")
        }))
    }))
})

describe("while a run is being started", () => {
  it.scopedLive("end of input: nothing is left of the checks, and no run", () =>
    Effect.gen(function*() {
      const at = yield* scene({ tasks: { early: wellBehaved("early") }, ownProofs: true })
      const { client, server } = yield* connectTo(at)
      const before = snapshot(at.repo)
      const call = client.callTool({ name: "run_codex_tasks", arguments: { tasks: tasksOf("early") } }).catch(() =>
        undefined
      )
      // Codex is there for the proof of the gate, long before there is a run.
      yield* eventually(() => processesOf(at.repo.home).some(({ program }) => program.endsWith("/codex")))
      server.child.stdin.end()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      yield* Effect.promise(() => call)
      yield* eventually(() => processesOf(at.repo.home).length === 0)
      const runs = Fs.existsSync(stateOf(at.repo))
        ? Fs.readdirSync(stateOf(at.repo), { recursive: true, encoding: "utf8" }).filter((path) =>
          /\/runs\/./.test(path)
        )
        : []
      assert.deepStrictEqual(runs, [])
      yield* at.cli(["runs", "verify"], { unchecked: true })
      assert.strictEqual(snapshot(at.repo).worktrees, before.worktrees)
    }))
})

describe("in the middle of a review", () => {
  it.scopedLive("end of input: its Codex is gone, and the next server clears the rest away", () =>
    Effect.gen(function*() {
      const reading = thenHang(command("ls src"))
      const at = yield* scene({ review: reading.script })
      const { client, server } = yield* connectTo(at)
      const before = snapshot(at.repo)
      const call = client.callTool({ name: "review_plan_with_codex", arguments: { plan_text: "Add a page." } })
      call.catch(() => undefined)
      yield* reading.reached
      server.child.stdin.end()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      yield* eventually(() => processesOf(at.repo.home).length === 0)
      yield* look(at, before, (other) => Effect.asVoid(other("list_runs")))
    }))
})

describe("a detached run", () => {
  it.scopedLive("outlives its server, and every other finds it", () =>
    Effect.gen(function*() {
      const working = thenHang(addFile("src/begun.txt", "begun"))
      const at = yield* scene({ tasks: { working: working.script } })
      const { call, server } = yield* connectTo(at)
      const before = snapshot(at.repo)
      const started = yield* call("run_codex_tasks", {
        run_id: "far",
        detach: true,
        wait_sec: 0,
        tasks: tasksOf("working")
      })
      assert.deepInclude(started.structured, { run_id: "far", status: "running" })
      yield* working.reached
      server.child.stdin.end()
      yield* server.ended
      const next = yield* connect({ cwd: at.repo.root, env: at.env })
      assert.deepInclude((yield* next.call("await_run", { run_id: "far", wait_sec: 0 })).structured, {
        status: "running"
      })
      assert.deepInclude((yield* next.call("cancel_run", { run_id: "far" })).structured, { status: "cancelled" })
      next.server.child.stdin.end()
      yield* next.server.ended
      yield* eventually(() => processesOf(at.repo.home).length === 0)
      assertUntouched(at.repo, before)
    }))
})
