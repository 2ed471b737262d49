import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ErrorKind } from "../../src/domain/Result.ts"
import * as Reply from "../../src/scripted/Reply.ts"
import { scene } from "./support/scene.ts"
import { addFile, command, done, task, wellBehaved } from "./support/script.ts"

interface Failure {
  readonly reply: Reply.Reply
  readonly kind: ErrorKind
  /** In Codex's words or ours. */
  readonly says: RegExp
}

const failures: Readonly<Record<string, Failure>> = {
  "e401": {
    reply: Reply.httpError(401, "Incorrect API key provided"),
    kind: "auth",
    says: /^No Codex authentication found\. Set CODEX_API_KEY environment variable or run 'codex login'\./
  },
  "e429": { reply: Reply.httpError(429, "Slow down"), kind: "rate_limit", says: /429 Too Many Requests.*concurrency/s },
  "e500": { reply: Reply.httpError(500, "Oops"), kind: "network", says: /run the task again later/ },
  "quota": {
    reply: Reply.httpError(429, "You exceeded your current quota", { code: "insufficient_quota" }),
    kind: "quota",
    says: /quota/i
  },
  "usage-limit": {
    reply: Reply.httpError(429, "The usage limit has been reached", {
      code: "usage_limit_reached",
      details: { plan_type: "pro" }
    }),
    kind: "quota",
    says: /usage limit/i
  },
  "no-model": {
    reply: Reply.httpError(404, "The model `gpt-5.5` does not exist or you do not have access to it.", {
      code: "model_not_found"
    }),
    kind: "model",
    says: /does not exist.*codex_model/s
  },
  "context-window": {
    reply: Reply.failed("context_length_exceeded", "Your input exceeds the context window of this model."),
    kind: "context_window",
    says: /context window.*Split the task/s
  },
  "failed": {
    reply: Reply.failed("server_error", "The server had an error"),
    kind: "network",
    says: /The server had an error/
  },
  "incomplete": {
    reply: Reply.incomplete("max_output_tokens", { text: "I was about to" }),
    kind: "model",
    says: /Incomplete response returned/
  },
  "cut": { reply: Reply.cut("created"), kind: "network", says: /stream disconnected/ }
}

describe("failures of the provider", () => {
  it.scopedLive("each is told by its kind, with what to do, and harms no sibling", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({
        tasks: {
          first: wellBehaved("first"),
          // Each had done something before.
          ...Object.fromEntries(
            Object.entries(failures).map(([id, { reply }]) => [id, task(addFile(`src/${id}.txt`, "begun"), reply)])
          ),
          last: wellBehaved("last")
        },
        config: { max_tasks_per_run: 20 }
      })
      const { code, result, task: resultOf } = yield* run()

      assert.strictEqual(code, 1)
      assert.strictEqual(result.status, "completed")
      assert.deepStrictEqual(
        result.results.map((one) => [one.task_id, one.status, one.error?.kind ?? null]),
        [
          ["first", "success", null],
          ...Object.entries(failures).map(([id, { kind }]) => [id, "failed", kind]),
          ["last", "success", null]
        ]
      )
      for (const [id, { says }] of Object.entries(failures)) {
        const failed = resultOf(id)
        assert.match(failed.error?.message ?? "", says)
        assert.deepStrictEqual(failed.files_changed, [`src/${id}.txt`], "the work until then is kept")
        assert.isNotNull(failed.ref)
        assert.isAbove(failed.exit_code ?? 0, 0)
        assert.include(failed.notes_for_manager, "it is unfinished work")
      }
    }))
})

describe("a command that fails", () => {
  it.scopedLive("is told with its exit code, and in the notes, though Codex ended well", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({
        tasks: {
          tests: task(addFile("src/new.txt", "new"), command("node work.mjs"), Reply.message("All is well.")),
          read: task(command("cat src/nothing-here.txt"), command("ls"))
        },
        files: { "work.mjs": "console.error('expected 3, got 4')\nprocess.exit(7)\n" }
      })
      const { code, task: resultOf } = yield* run()

      assert.strictEqual(code, 0)
      const tests = resultOf("tests")
      assert.strictEqual(tests.status, "success")
      assert.deepStrictEqual(tests.commands_run, [{ cmd: "node work.mjs", exit_code: 7 }])
      assert.strictEqual(tests.summary, "All is well.")
      assert.include(
        tests.notes_for_manager,
        "The last run of `node work.mjs` failed (exit 7), yet Codex ended its turn."
      )
      assert.include(tests.notes_for_manager, "No check that Codex ran passed at its last run.")
      assert.include(tests.evidence, "FAILED node work.mjs (exit 7)")
      assert.include(tests.evidence, "expected 3, got 4")
      assert.deepStrictEqual(resultOf("read").commands_run, [
        { cmd: "cat src/nothing-here.txt", exit_code: 1 },
        { cmd: "ls", exit_code: 0 }
      ])
    }))

  it.scopedLive("and a provider that answers at the second attempt is no failure", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({
        tasks: { again: (turn) => turn.attempt === 0 ? Reply.httpError(500, "Oops") : done }
      })
      const { code, task: resultOf } = yield* run()
      assert.strictEqual(code, 0)
      assert.notInclude(resultOf("again").notes_for_manager, "warned")
    }))
})
