import { assert, describe, it } from "@effect/vitest"
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { RunStatus, type TaskResult, TaskStatus } from "../../src/domain/Result.ts"
import type { RunState } from "../../src/domain/RunState.ts"
import { decodeCursor } from "../../src/mcp/cursor.ts"
import type { Reply } from "../../src/mcp/replies.ts"
import { reviewReply } from "../../src/mcp/reviewReply.ts"
import { runReply } from "../../src/mcp/runReply.ts"
import { RunReply } from "../../src/mcp/schemas.ts"
import tools from "../../src/mcp/tools.json" with { type: "json" }
import { resultOf, stateOf } from "./support.ts"

const validators = new Map(tools.map(({ name, outputSchema }) => [
  name,
  new AjvJsonSchemaValidator().getValidator({ ...outputSchema, type: "object" })
]))

/** As a client holds it against what it was told of the tool. */
const assertValid = (tool: string, reply: Reply): void => {
  const validate = validators.get(tool)
  if (validate === undefined) throw new Error(`no tool ${tool}`)
  const { errorMessage, valid } = validate(reply.structuredContent)
  assert.isTrue(valid, errorMessage)
}

const textOf = ({ content: [first] }: Reply): string => first?.type === "text" ? first.text : ""
const decodeReply = Schema.decodeUnknownSync(RunReply, { onExcessProperty: "error" })
const bytesOf = (reply: Reply): number => Buffer.byteLength(JSON.stringify(reply))

const replyTo = (state: RunState, taken: ReadonlySet<number> = new Set(), repoDir?: string) => {
  const reply = runReply({ state, taken, repository: "/repo", repoDir })
  assertValid("run_codex_tasks", reply)
  assertValid("await_run", reply)
  assert.isAtMost(bytesOf(reply), 32_000)
  assert.isAtMost(Buffer.byteLength(textOf(reply)), 8000)
  return { reply, text: textOf(reply), told: decodeReply(reply.structuredContent) }
}

describe("a run's reply", () => {
  it("is valid, and says what to do, for every status of a run and of a task", () => {
    const results = TaskStatus.literals.map((status) => resultOf(`task-${status}`, status))
    for (const status of RunStatus.literals) {
      const { text, told } = replyTo(stateOf(status, results, { waits: "waiting", works: "codex" }))
      assert.deepStrictEqual(told.results, results, "whole where there is room")
      assert.deepInclude(told.progress, { total: 7, done: 5, succeeded: 1, waiting: 1 })
      assert.include(text, told.next)
      for (const { task_id } of results) assert.include(text, `- ${task_id}: `)
      assert.strictEqual(told.next_cursor === null, status !== "running")
    }
    assert.match(
      replyTo(stateOf("running", [], { a: "codex" }), new Set(), "sub").text,
      /await_run \{.*"repo_dir":"sub"\}/
    )
    assert.include(replyTo(stateOf("interrupted", [])).text, "-p codex-mcp-runner codex-runner resume run --repo /")
    const { text } = replyTo(stateOf("completed", results))
    assert.include(text, "refs/codex-runner/run/task-success")
    assert.match(text, /into the checkout and staged: npx -y -p codex-mcp-runner codex-runner apply run --repo \//)
    const rehearsed = replyTo(stateOf("completed", [resultOf("a", "skipped", { error: null })])).told.next
    assert.match(rehearsed, /^That was a dry run\. .* run_codex_tasks without dry_run/)
    assert.include(replyTo(stateOf("completed", [])).text, "Nothing is left to do.")
  })

  it("has only what is new after a cursor", () => {
    const state = stateOf("running", [resultOf("a"), resultOf("b"), resultOf("c")], { d: "waiting" })
    const { told } = replyTo(state, new Set([0, 2]))
    assert.deepStrictEqual(told.results.map(({ task_id }): string => task_id), ["b"])
    assert.deepStrictEqual([...decodeCursor("run", told.next_cursor ?? "", 4) ?? []], [0, 1, 2])
  })

  it("cuts long fields before it pages, and what is cut says where the rest is", () => {
    const long = resultOf("long", "success", {
      patch: "x".repeat(50_000),
      logs: { stdout: "y".repeat(16_000), stderr: "", tail: "" }
    })
    const { reply, told } = replyTo(stateOf("completed", [resultOf("short"), long]))
    assert.deepStrictEqual(told.results[0], resultOf("short"))
    assert.match(
      told.results[1]?.patch ?? "",
      /^x{1000,}\[… \d+ more characters: codex-run:\/\/run\/long\/patch or get_task_output\]$/
    )
    assert.include(told.results[1]?.logs.stdout ?? "", "codex-run://run/long/log")
    assert.strictEqual(told.next_cursor, null)
    assert.isTrue(
      reply.content.some((part) => part.type === "resource_link" && part.uri === "codex-run://run/long/patch")
    )
  })

  it("stays within its bounds whatever tasks did, and its pages are the whole run, once", () => {
    const nasty = fc.constantFrom("a", "\u0001", "😀", "\"", "\\", "\n", "é", "\ud800")
    const text = (max: number) =>
      fc.tuple(nasty, fc.integer({ min: 0, max })).map(([unit, times]) => unit.repeat(times))
    const size = fc.constantFrom(10, 300, 4000, 60_000)
    const task = size.chain((max) =>
      fc.record({
        patch: text(max),
        evidence: text(max),
        summary: text(max),
        notes_for_manager: text(max),
        apply_check_log: text(max),
        workspace_path: text(3000),
        log_dir: text(3000),
        logs: fc.record({ stdout: text(max), stderr: text(max), tail: text(500) }),
        files_changed: fc.array(text(400), { maxLength: 30 }),
        commands_run: fc.array(fc.record({ cmd: text(max), exit_code: fc.constantFrom(0, null) }), { maxLength: 30 }),
        error: fc.option(text(max).map((message) => ({ kind: "internal" as const, message })))
      })
    )
    fc.assert(
      fc.property(
        fc.array(task, { maxLength: 40 }),
        fc.constantFrom<RunState["summary"]["status"]>("running", "completed"),
        fc.array(text(4000), { maxLength: 8 }),
        (tasks, status, kept) => {
          const results = tasks.map((more, index): TaskResult => resultOf(`t${index}`, "failed", more))
          const state = stateOf(status, results, { last: "codex" }, kept)
          const seen: Array<string> = []
          let taken: ReadonlySet<number> = new Set()
          for (let page = 0; page <= results.length; page++) {
            const { told } = replyTo(state, taken)
            seen.push(...told.results.map(({ task_id }) => task_id))
            if (told.next_cursor === null || told.results.length === 0) break
            taken = decodeCursor("run", told.next_cursor, results.length + 1) ?? new Set()
          }
          assert.deepStrictEqual(seen, results.map(({ task_id }): string => task_id))
        }
      ),
      { numRuns: 20 }
    )
  })

  it("of a thousand tasks, sixty-four at work, is as small", () => {
    const results = Array.from({ length: 900 }, (_, index) => resultOf(`${"t".repeat(60)}${index}`.slice(-64)))
    const others = Object.fromEntries(
      Array.from({ length: 64 }, (_, index) => [`${"w".repeat(60)}${index}`.slice(-64), "codex" as const])
    )
    const { told } = replyTo(stateOf("running", results, others))
    assert.isAbove(told.results.length, 5)
    assert.lengthOf(told.progress.running, 64)
  })
})

describe("a review's reply", () => {
  it("stays within its bounds, its lists all there", () => {
    const list = fc.array(
      fc.tuple(fc.constantFrom("a", "\u0001", "😀"), fc.integer({ min: 0, max: 20_000 })).map(([unit, times]) =>
        unit.repeat(times)
      ),
      { maxLength: 50 }
    )
    fc.assert(
      fc.property(
        fc.record({
          missing_tasks: list,
          dependency_issues: list,
          parallelization_suggestions: list,
          test_gaps: list,
          risk_flags: list,
          recommended_task_splits: list
        }),
        (report) => {
          const reply = reviewReply({ report })
          assertValid("review_plan_with_codex", reply)
          assert.isAtMost(bytesOf(reply), 32_000)
          assert.isAtMost(Buffer.byteLength(textOf(reply)), 8000)
        }
      ),
      { numRuns: 15 }
    )
    const small = {
      missing_tasks: ["one"],
      dependency_issues: [],
      parallelization_suggestions: [],
      test_gaps: [],
      risk_flags: [],
      recommended_task_splits: []
    }
    assert.deepStrictEqual(reviewReply({ report: small }).structuredContent, { report: small })
  })
})
