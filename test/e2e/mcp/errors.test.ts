/** What goes wrong is told to the model, with what to do, and nothing is started. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { gitRepo, scratchFolder, writeFiles } from "../../support/GitRepo.ts"
import { connect, type Connected, connectTo, initialize, startServer } from "../support/mcp.ts"
import { promptOf, scene } from "../support/scene.ts"
import { wellBehaved } from "../support/script.ts"
import { stateOf } from "../support/untouched.ts"

const tasks = [{ task_id: "one", prompt: promptOf("one") }]

/** The words of a call that must be refused. */
const refused = (call: Connected["call"], name: string, args: object = {}) =>
  Effect.map(call(name, args), ({ bytes, isError, text }) => {
    assert.isTrue(isError, text)
    assert.isAtMost(bytes, 8000)
    assert.notMatch(text, /\n +at |node_modules/, "no stack trace")
    return text
  })

describe("errors over MCP", () => {
  it.scopedLive("bad arguments, all of them by field; unknown runs, tasks and cursors, with the known ones", () =>
    Effect.gen(function*() {
      const at = yield* scene({ tasks: { one: wellBehaved("one") } })
      const { call, client } = yield* connectTo(at)
      const bad = yield* refused(call, "run_codex_tasks", {
        run_id: "a/b",
        wait_sec: 3601,
        detach: "yes",
        taks: [],
        tasks: [{ task_id: "one", prompt: "", timeout_sec: 5 }, { task_id: "..", prompt: "x", allowed_paths: "src" }]
      })
      for (
        const field of [
          "run_id:",
          "wait_sec: expected a whole number from 0 to 3600, got 3601",
          "detach: expected true or false",
          "taks: unknown field \"taks\": did you mean \"tasks\"?",
          "tasks[0].prompt:",
          "tasks[0].timeout_sec:",
          "tasks[1].task_id:",
          "tasks[1].allowed_paths: expected a list"
        ]
      ) {
        assert.include(bad, `- ${field}`)
      }
      assert.include(bad, "8 problems")
      assert.include(bad, "Correct the arguments and call run_codex_tasks again.")
      // What only the engine can judge.
      const judged = yield* refused(call, "run_codex_tasks", {
        base_ref: "nowhere",
        tasks: [...tasks, { task_id: "ONE", prompt: "x", allowed_commands: ["rm -rf /"] }]
      })
      for (const said of ["base_ref", "tasks[1].task_id", "tasks[1].allowed_commands[0]"]) assert.include(judged, said)

      yield* call("run_codex_tasks", { run_id: "known", dry_run: true, tasks })
      for (const name of ["await_run", "cancel_run"]) {
        const unknown = yield* refused(call, name, { run_id: "zz" })
        assert.include(unknown, "run_id: no run \"zz\".")
        assert.include(unknown, "known")
      }
      // To look at a run the start of its name will do, not to end it.
      assert.include((yield* call("await_run", { run_id: "kno" })).text, "Run known is completed")
      for (const start of ["kno", "last"]) {
        const meant = yield* refused(call, "cancel_run", { run_id: start })
        assert.include(meant, `run_id: no run "${start}". Did you mean known?`)
      }
      const output = { run_id: "known", what: "patch" }
      const short = yield* call("get_task_output", { ...output, run_id: "last", task_id: "one" })
      assert.strictEqual(short.structured["run_id"], "known")
      const shortened = yield* Effect.tryPromise(() => client.readResource({ uri: "codex-run://k/one/patch" })).pipe(
        Effect.flip
      )
      assert.include(String(shortened.error), "No such resource")
      assert.include(
        yield* refused(call, "get_task_output", { ...output, task_id: "two" }),
        "task_id: the run has no task"
      )
      assert.include(yield* refused(call, "get_task_output", { ...output, task_id: ".." }), "task_id: ")
      assert.include(
        yield* refused(call, "get_task_output", { ...output, task_id: "one", what: "../run.json", offset: -1 }),
        "what: expected \"patch\" or \"log\""
      )
      for (const cursor of ["r_____w", "nonsense", ""]) {
        assert.include(yield* refused(call, "await_run", { run_id: "known", cursor }), "cursor: is none of this run.")
      }
      assert.include(yield* refused(call, "list_runs", { cursor: "zz", limit: 0 }), "limit: ")
      assert.include(yield* refused(call, "list_runs", { cursor: "zz" }), "cursor: ")
      // The first is told after what the second call left unread.
      const unknownTool = yield* Effect.tryPromise(() => client.callTool({ name: "run_codex_task" })).pipe(Effect.flip)
      assert.include(String(unknownTool.error), "run_codex_tasks, await_run")
    }))

  it.scopedLive("what the user has to put right: trust, Codex, its login, the gate, the sandbox", () =>
    Effect.gen(function*() {
      const key = "CODEX_API_KEY"
      const at = yield* scene({ tasks: { one: wellBehaved("one") }, untrusted: true })
      const start = (env: Readonly<Record<string, string>> = {}, args: ReadonlyArray<string> = []) =>
        connect({ cwd: at.repo.root, env: { ...at.env, ...env }, args })
      const { call } = yield* start()
      const untrusted = yield* refused(call, "run_codex_tasks", { tasks })
      assert.include(untrusted, "codex_config")
      assert.include(untrusted, "codex-runner trust")
      assert.include(untrusted, "the user has to put right")
      assert.include(yield* refused(call, "review_plan_with_codex", { plan_text: "x" }), "codex-runner trust")
      yield* at.cli(["trust", "--yes"], { unchecked: true })
      // Read anew for each call.
      assert.isFalse((yield* call("run_codex_tasks", { dry_run: true, tasks })).isError)

      const missing = yield* start({ CODEX_RUNNER_CODEX_COMMAND: "/nonexistent/codex" })
      assert.include(yield* refused(missing.call, "run_codex_tasks", { tasks }), "npm install -g @openai/codex")
      const hidden = "abcdefgh12345678"
      const fake = `${at.repo.home}/fake-codex`
      writeFiles(at.repo.home, {
        "fake-codex": { exec: "#!/bin/sh\n[ \"$1\" = --version ] && echo 'codex-cli 0.169.0'\nexit 0\n" }
      })
      const unproven = yield* start({ CODEX_RUNNER_CODEX_COMMAND: fake, [key]: hidden })
      const gate = yield* refused(unproven.call, "run_codex_tasks", { tasks })
      assert.include(gate, "gate:")
      assert.notInclude(gate + unproven.server.stderr(), hidden)

      at.repo.write({
        ".mcp-codex.json": JSON.stringify({ ...JSON.parse(at.repo.read(".mcp-codex.json")), codex_config: [] })
      })
      yield* at.cli(["trust", "--yes"], { unchecked: true })
      assert.include(yield* refused(call, "run_codex_tasks", { tasks }), "No Codex authentication found.")
      at.repo.write({ ".mcp-codex.json": JSON.stringify({ sandbox_mode: "danger-full-access" }) })
      yield* at.cli(["trust", "--yes"], { unchecked: true })
      assert.include(yield* refused(call, "run_codex_tasks", { tasks }), "--allow-danger-full-access")
      const allowed = yield* start({}, ["--allow-danger-full-access"])
      assert.notInclude(yield* refused(allowed.call, "run_codex_tasks", { tasks }), "--allow-danger-full-access")
      at.repo.write({ ".mcp-codex.json": "{ nonsense" })
      const broken = yield* refused(call, "run_codex_tasks", { tasks, wait_sec: -1 })
      assert.include(broken, ".mcp-codex.json: line 1")
      assert.include(broken, "wait_sec:")
      // Runs can be looked at all the same.
      assert.isFalse((yield* call("list_runs")).isError)
    }))

  it.scopedLive("repo_dir: within the roots alone, then CODEX_RUNNER_REPO, then the working folder", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* gitRepo(), yield* gitRepo()]
      const nowhere = yield* scratchFolder
      Fs.symlinkSync(two.root, `${one.home}/link`)
      Fs.mkdirSync(`${one.home}/planted`)
      Fs.writeFileSync(`${one.home}/planted/.git`, `gitdir: ${two.root}/.git\n`)
      const start = (cwd: string, args: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}) =>
        Effect.map(connect({ cwd, args, env: { ...one.env, ...env } }), ({ call }) => call)
      const repositoryOf = (call: Connected["call"], args: object = {}) =>
        Effect.map(call("list_runs", args), ({ structured, text }) => structured["repository"] ?? text)

      const here = yield* start(`${one.root}`)
      assert.strictEqual(yield* repositoryOf(here), one.root)
      assert.strictEqual(yield* repositoryOf(here, { repo_dir: "." }), one.root)
      for (const repo_dir of [two.root, "..", "/", "no/such", "a\0b"]) {
        assert.include(yield* refused(here, "run_codex_tasks", { tasks, repo_dir }), "no folder under the roots")
      }
      const named = yield* start(nowhere, [], { CODEX_RUNNER_REPO: two.root })
      assert.strictEqual(yield* repositoryOf(named), two.root)
      const rooted = yield* start(nowhere, ["--root", one.home, "--root", two.root])
      assert.strictEqual(yield* repositoryOf(rooted, { repo_dir: one.root }), one.root)
      assert.strictEqual(yield* repositoryOf(rooted, { repo_dir: `${one.home}/link` }), two.root)
      assert.include(yield* refused(rooted, "list_runs"), "repo_dir: is missing")
      const narrow = yield* start(nowhere, ["--root", one.home])
      assert.include(yield* refused(narrow, "list_runs", { repo_dir: `${one.home}/link` }), "no folder under the roots")
      assert.include(yield* refused(narrow, "list_runs", { repo_dir: `${one.home}/planted` }), "not under the roots")
      // A root that is gone leaves nothing, not the working folder.
      const root = `${one.home}/root`
      Fs.mkdirSync(root)
      const rootless = yield* start(two.root, ["--root", root])
      Fs.rmdirSync(root)
      assert.include(yield* refused(rootless, "list_runs", { repo_dir: two.root }), `Its roots: ${root}.`)
      assert.include(yield* refused(rootless, "list_runs"), `the root of this server, ${root}, is not there`)
      const none = yield* start(nowhere)
      assert.include(yield* refused(none, "run_codex_tasks", { tasks }), "is no git repository")
      assert.isFalse(Fs.existsSync(stateOf(two)))
    }))

  it.scopedLive("garbage, a message of 11 MiB and unknown methods: the server says so, and goes on", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      const server = yield* startServer({ cwd: home, env: { HOME: home, PATH: "" } })
      server.send(initialize(1))
      yield* server.reply(1)
      server.write("garbage\n\n{\"jsonrpc\":\"2.0\"}\n[1,2]\n\u0000\u0001\n{\"id\":\n")
      const long = "x".repeat(11 * 1024 * 1024)
      const params = { name: "run_codex_tasks", arguments: { tasks: [{ task_id: "a", prompt: long }] } }
      // Clients write the id at either end.
      server.send({ id: 2, method: "tools/call", params })
      server.write(`${JSON.stringify({ method: "tools/call", params, jsonrpc: "2.0", id: "three" })}\n`)
      for (const id of [2, "three"]) {
        const reply = yield* server.reply(id)
        assert.include("error" in reply ? reply.error.message : "", "10485760 are the most")
      }
      // What was meant as a request is answered, in a list as well; null is nothing.
      const list = {
        method: "tools/call",
        params: { name: "list_runs", arguments: null, _meta: { progressToken: null } }
      }
      server.send({ id: 20, ...list })
      server.write(
        `[{"jsonrpc":"2.0","id":21,"method":"ping"},{"jsonrpc":"2.0","id":22,"method":"ping","params":[1]}]\n`
      )
      server.send({ id: 23, method: "ping", params: { _meta: { progressToken: {} } } })
      for (const id of [20, 21]) assert.property(yield* server.reply(id), "result")
      for (const id of [22, 23]) {
        const reply = yield* server.reply(id)
        assert.include("error" in reply ? reply.error.message : "", "No request of the protocol")
      }
      server.send({ id: 4, method: "no/such" })
      assert.property(yield* server.reply(4), "error")
      server.send({ id: 5, method: "ping" })
      assert.property(yield* server.reply(5), "result")
      assert.include(server.stderr(), "a message could not be read")
      assert.include(server.stderr(), "was left out")
      server.child.stdin.end()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
    }))
})
