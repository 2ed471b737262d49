/** Replies stay small, whatever tasks did; and a review, whatever a client's patience. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { PlanReview } from "../../../src/domain/PlanReview.ts"
import * as Reply from "../../../src/scripted/Reply.ts"
import { eventually } from "../../support/processes.ts"
import { connectTo } from "../support/mcp.ts"
import { promptOf, scene } from "../support/scene.ts"
import { addFile, command, task } from "../support/script.ts"

const Results = Schema.Struct({
  results: Schema.Array(Schema.Struct({ task_id: Schema.String, patch: Schema.String, patch_path: Schema.String })),
  next_cursor: Schema.NullOr(Schema.String)
})
const decodeResults = Schema.decodeUnknownSync(Results)

describe("token economy", () => {
  it.scopedLive("20 MB of output and large patches in twelve tasks: pages of at most 32 kB, everything to be had", () =>
    Effect.gen(function*() {
      const ids = Array.from({ length: 12 }, (_, index) => `task-${index}`)
      const lines = Array.from({ length: 1500 }, (_, line) => `line ${line} \u0001\u0002 of many`)
      const flood = task(command("node work.mjs"), addFile("src/flood.txt", ...lines))
      const script = (id: string) => id === "task-0" ? flood : task(addFile(`src/${id}.txt`, ...lines))
      const at = yield* scene({
        tasks: Object.fromEntries(ids.map((id) => [id, script(id)])),
        config: { max_tasks_per_run: 20 },
        files: {
          "work.mjs":
            "const line = `${'x'.repeat(99)}\\n`.repeat(1000)\nfor (let i = 0; i < 200; i++) process.stdout.write(line)\n"
        }
      })
      const { call } = yield* connectTo(at)
      const tasks = ids.map((task_id) => ({ task_id, prompt: promptOf(task_id) }))
      let reply = yield* call("run_codex_tasks", { run_id: "large", wait_sec: 150, tasks })
      const seen: Array<string> = []
      while (true) {
        assert.isFalse(reply.isError, reply.text)
        assert.isAtMost(reply.bytes, 32_000)
        assert.isAtMost(Buffer.byteLength(reply.text), 8000)
        const { next_cursor, results } = decodeResults(reply.structured)
        assert.isNotEmpty(results)
        for (const { patch, task_id } of results) {
          seen.push(task_id)
          if (task_id !== "task-0") assert.include(patch, `codex-run://large/${task_id}/patch`)
        }
        if (next_cursor === null) break
        assert.include(reply.text, `await_run {"run_id":"large","cursor":"${next_cursor}","wait_sec":0}`)
        reply = yield* call("await_run", { run_id: "large", cursor: next_cursor, wait_sec: 0 })
      }
      assert.deepStrictEqual(seen, ids)

      // The whole patch, control characters and all, in pages.
      let patch = ""
      for (let offset: unknown = 0; offset !== null;) {
        const page = yield* call("get_task_output", { run_id: "large", task_id: "task-3", what: "patch", offset })
        assert.isAtMost(page.bytes, 32_000)
        assert.isAtMost(Buffer.byteLength(page.text), 8000)
        patch += String(page.structured["text"])
        offset = page.structured["next_offset"]
      }
      assert.strictEqual(patch, `${at.repo.git("diff", "--full-index", "HEAD", "refs/codex-runner/large/task-3")}\n`)
    }))

  it.scopedLive("a review: joined after its call was cut, small, one repair, then an error", () =>
    Effect.gen(function*() {
      const long = "What is missing here. ".repeat(200)
      const review: PlanReview = {
        report: {
          missing_tasks: Array.from({ length: 30 }, (_, index) => `${index}: ${long}`),
          dependency_issues: ["Two before one."],
          parallelization_suggestions: [],
          test_gaps: [],
          risk_flags: [],
          recommended_task_splits: []
        }
      }
      let asked = 0
      const at = yield* scene({
        review: ({ prompt }) => {
          if (prompt.includes("Refuse.")) return Reply.message("I'd rather not.")
          asked += 1
          return Reply.message(JSON.stringify(review), { delayMs: 1500 })
        }
      })
      const { call } = yield* connectTo(at)
      const plan_text = `${"Add a login page. ".repeat(11_000)}End.`
      const abort = new AbortController()
      const heard: Array<string> = []
      const first = yield* Effect.fork(Effect.exit(
        call("review_plan_with_codex", { plan_text }, {
          signal: abort.signal,
          onprogress: ({ message = "" }) => heard.push(message)
        })
      ))
      yield* eventually(() => asked === 1)
      abort.abort("the client's time limit")
      yield* first.await
      const reply = yield* call("review_plan_with_codex", { plan_text })
      assert.isFalse(reply.isError, reply.text)
      assert.strictEqual(asked, 1)
      assert.isNotEmpty(heard)
      assert.isAtMost(reply.bytes, 32_000)
      assert.isAtMost(Buffer.byteLength(reply.text), 8000)
      assert.match(reply.text, /^Codex has 31 findings:$/m)
      assert.deepNestedInclude(reply.structured, { "report.dependency_issues": ["Two before one."] })

      const failed = yield* call("review_plan_with_codex", { plan_text: "Refuse." })
      assert.isTrue(failed.isError)
      assert.include(failed.text, "No review (model): Codex's answer is not by the schema")
      for (const plan of ["", "x".repeat(200_001)]) {
        const refused = yield* call("review_plan_with_codex", { plan_text: plan, repo_contxt: "" })
        assert.isTrue(refused.isError)
        assert.include(refused.text, "plan_text: expected 1 to 200,000 characters")
        assert.include(refused.text, "did you mean \"repo_context\"?")
      }
    }))
})
