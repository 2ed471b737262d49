/** Runs through the tools, as an agent makes them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Reply from "../../../src/scripted/Reply.ts"
import type { Script } from "../../../src/scripted/Script.ts"
import { eventually } from "../../support/processes.ts"
import { connect, connectTo, type ToolReply } from "../support/mcp.ts"
import { promptOf, scene } from "../support/scene.ts"
import { addFile, command, done, task, thenHang, wellBehaved } from "../support/script.ts"
import { assertUntouched, snapshot } from "../support/untouched.ts"

const tasksOf = (...ids: ReadonlyArray<string>) => ids.map((task_id) => ({ task_id, prompt: promptOf(task_id) }))

const RunAnswer = Schema.Struct({
  run_id: Schema.String,
  status: Schema.String,
  results: Schema.Array(Schema.Struct({ task_id: Schema.String, status: Schema.String, patch: Schema.String })),
  next_cursor: Schema.NullOr(Schema.String)
})
const decodeAnswer = Schema.decodeUnknownSync(RunAnswer)
const answerOf = (reply: ToolReply) => {
  assert.isFalse(reply.isError, reply.text)
  assert.isAtMost(reply.bytes, 32_000)
  return decodeAnswer(reply.structured)
}
const statuses = (reply: ToolReply) => answerOf(reply).results.map(({ status, task_id }) => [task_id, status])

/** Looks around until it is let go, then writes a file. */
const onceLetGo = (name: string) => {
  let state: "waits" | "writes" | "done" = "waits"
  const script: Script = () => {
    if (state === "waits") return Reply.calls([Reply.command("true")], { delayMs: 200 })
    if (state === "done") return done
    state = "done"
    return addFile(`src/${name}.txt`, name)
  }
  return { script, letGo: Effect.sync(() => void (state = "writes")) }
}

describe("runs over MCP", () => {
  it.scopedLive("one session: started, awaited, paged, read, repeated, cancelled", () =>
    Effect.gen(function*() {
      const slow = onceLetGo("slow")
      const hanging = thenHang(command("ls src"))
      const secret = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4"
      const at = yield* scene({
        tasks: {
          early: wellBehaved("early"),
          slow: slow.script,
          hangs: hanging.script,
          bad: task(command("rm -rf src"), addFile("src/secret.txt", secret), command("npm test"))
        },
        files: { "work.mjs": "import { writeFileSync } from 'node:fs'\nwriteFileSync('out-of-bounds.txt', '')\n" }
      })
      const { call, client, server } = yield* connectTo(at)
      const before = snapshot(at.repo)

      // To its end within one call.
      const one = yield* call("run_codex_tasks", { run_id: "one", tasks: tasksOf("early", "bad") })
      assert.deepStrictEqual(statuses(one), [["early", "success"], ["bad", "failed"]])
      assert.strictEqual(answerOf(one).next_cursor, null)
      assert.match(one.text, /^Run one is completed in .*: 1 of 2 tasks succeeded\.$/m)
      assert.match(one.text, /^- bad: failed \(policy\): Path not in allowed patterns: "out-of-bounds\.txt"/m)
      assert.include(one.text, "git cherry-pick --no-commit refs/codex-runner/one/early")
      assert.notInclude(JSON.stringify(one), secret)
      assert.sameMembers([...one.links], [
        "codex-run://one/early/patch",
        "codex-run://one/bad/patch",
        "codex-run://one/bad/log"
      ])

      // The same name and request: the same run. Another request: refused.
      const again = yield* call("run_codex_tasks", { run_id: "one", tasks: tasksOf("early", "bad") })
      assert.deepStrictEqual(again.structured, one.structured)
      const other = yield* call("run_codex_tasks", { run_id: "one", tasks: tasksOf("early") })
      assert.isTrue(other.isError)
      assert.include(other.text, "run_id: run \"one\" exists already, with another request")

      // A wait that ends first; meanwhile other calls are answered, and another run ends.
      const progress: Array<{ progress: number; total?: number | undefined; message?: string | undefined }> = []
      const two = yield* call("run_codex_tasks", { run_id: "two", wait_sec: 0, tasks: tasksOf("slow", "early") })
      assert.deepInclude(answerOf(two), { run_id: "two", status: "running" })
      assert.include(two.text, "is still running, which is normal")
      const waiting = yield* Effect.fork(
        call("await_run", { run_id: "two", wait_sec: 100 }, { onprogress: (said) => progress.push(said) })
      )
      yield* eventually(() => progress.some(({ message = "" }) => message.startsWith("1 of 2 tasks done")))
      const three = yield* call("run_codex_tasks", { run_id: "three", wait_sec: 0, tasks: tasksOf("hangs") })
      assert.strictEqual(answerOf(three).status, "running")
      const soFar = yield* call("await_run", { run_id: "two", wait_sec: 0 })
      assert.deepStrictEqual(statuses(soFar), [["early", "success"]])
      const cursor = answerOf(soFar).next_cursor

      // Cancelling a call ends its wait alone.
      const abort = new AbortController()
      const cut = yield* Effect.fork(
        Effect.exit(call("await_run", { run_id: "two", wait_sec: 100 }, { signal: abort.signal }))
      )
      yield* Effect.sync(() => abort.abort("not waiting any longer"))
      yield* Fiber.await(cut)
      yield* slow.letGo
      const over = yield* Fiber.join(waiting)
      assert.deepStrictEqual(statuses(over), [["slow", "success"], ["early", "success"]])
      for (const [index, { progress: now, total }] of progress.entries()) {
        if (index > 0) assert.isAbove(now, progress[index - 1]?.progress ?? 0)
        if (total !== undefined) assert.isAtMost(now, total)
      }
      // With the cursor only what is new.
      const fresh = yield* call("await_run", { run_id: "two", cursor })
      assert.deepStrictEqual(statuses(fresh), [["slow", "success"]])
      assert.strictEqual(answerOf(fresh).next_cursor, null)

      // No token, no progress; and none after a reply.
      const told = server.messages.filter((message) => "method" in message)
      assert.lengthOf(told, progress.length)

      // Read: as pages, as resources, also by their list; and nothing else.
      const output = (args: object) =>
        call("get_task_output", { run_id: "one", task_id: "early", what: "patch", ...args })
      const page = yield* output({ limit: 30 })
      assert.deepInclude(page.structured, { offset: 0, next_offset: 30, text: "diff --git a/src/early.txt b/s" })
      const rest = yield* output({ offset: 30 })
      const patch = `${String(page.structured["text"])}${String(rest.structured["text"])}`
      assert.strictEqual(patch, answerOf(one).results[0]?.patch)
      const log = yield* output({ what: "log" })
      assert.include(log.text, "\"type\":\"turn.completed\"")
      const masked = yield* call("get_task_output", { run_id: "one", task_id: "bad", what: "patch" })
      assert.include(masked.text, "+[redacted:openai-key]")
      const { resources } = yield* Effect.promise(() => client.listResources())
      assert.includeMembers(resources.map(({ uri }) => uri), ["codex-run://two/slow/patch", "codex-run://one/bad/log"])
      const read = (uri: string) => Effect.tryPromise(() => client.readResource({ uri }))
      const { contents } = yield* read("codex-run://one/early/patch")
      assert.deepStrictEqual(contents, [{ uri: "codex-run://one/early/patch", mimeType: "text/x-diff", text: patch }])
      for (
        const uri of [
          "codex-run://one/../patch",
          "codex-run://../one/early/patch",
          "codex-run://one/early/request",
          "file:///etc/passwd"
        ]
      ) {
        assert.strictEqual((yield* Effect.exit(read(uri)))._tag, "Failure", uri)
      }
      const { resourceTemplates } = yield* Effect.promise(() => client.listResourceTemplates())
      assert.lengthOf(resourceTemplates, 2)
      const completed = yield* Effect.promise(() =>
        client.complete({
          ref: { type: "ref/resource", uri: "codex-run://{run_id}/{task_id}/log" },
          argument: { name: "task_id", value: "b" },
          context: { arguments: { run_id: "one" } }
        })
      )
      assert.deepStrictEqual(completed.completion.values, ["bad"])

      // Cancelled: twice is harmless, also where it is over.
      yield* hanging.reached
      const list = yield* call("list_runs", { limit: 2 })
      assert.match(list.text, /^- three: running, 0 of 1 done/m)
      assert.strictEqual(list.structured["next_cursor"], "two")
      const older = yield* call("list_runs", { cursor: "two" })
      assert.match(older.text, /^- one: completed, 2 of 2 done, 1 succeeded/m)
      const [ended, twice] = yield* Effect.all(
        [call("cancel_run", { run_id: "three" }), call("cancel_run", { run_id: "three" })],
        { concurrency: 2 }
      )
      assert.deepInclude(ended.structured, { run_id: "three", status: "cancelled", done: 1 })
      assert.deepStrictEqual(twice.structured, ended.structured)
      assert.deepInclude((yield* call("cancel_run", { run_id: "one" })).structured, { status: "completed" })
      assert.deepStrictEqual(statuses(yield* call("await_run", { run_id: "three" })), [["hangs", "cancelled"]])

      // Another server finds the runs; and nothing is left when both are gone.
      const next = yield* connect({ cwd: at.repo.root, env: at.env })
      assert.deepStrictEqual((yield* next.call("await_run", { run_id: "one" })).structured, one.structured)
      for (const one of [next.server, server]) {
        one.child.stdin.end()
        assert.deepStrictEqual(yield* one.ended, { code: 0, signal: null })
      }
      assertUntouched(at.repo, before)
    }))
})
