import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type LiveTask, signalled } from "../../../src/cli/live/LiveState.ts"
import { task } from "../../support/results.ts"
import { run } from "../results.ts"
import { command, denied, edit, enters, finishes, fold, message, runEnds, says, started } from "./events.ts"

const of = (state: ReturnType<typeof fold>, id: string): LiveTask => {
  const found = state.tasks.get(id)
  if (found === undefined) throw new Error(`no task ${id}`)
  return found
}

describe("a task on its way", () => {
  it("goes through its phases, and its clock starts as it leaves the queue", () => {
    const way = [
      [0, started("a")],
      [5, enters("a", "worktree")],
      [6, enters("a", "setup")],
      [8, enters("a", "codex", 300)],
      [20, enters("a", "capture")],
      [21, enters("a", "record")],
      [22, finishes(task("a", { status: "failed", duration_ms: 17_000 }))]
    ] as const
    const phases = way.map((_, index) => of(fold(...way.slice(0, index + 1)), "a").phase)
    assert.deepStrictEqual(phases, [
      "waiting",
      "preparing",
      "preparing",
      "working",
      "checking",
      "checking",
      "failed"
    ])
    assert.isNull(of(fold(...way.slice(0, 1)), "a").startedAt)
    assert.strictEqual(of(fold(...way.slice(0, 3)), "a").startedAt, 5000)
    assert.deepStrictEqual(of(fold(...way), "a").ended, { at: 22_000, durationMs: 17_000 })
  })

  it("has a limit while Codex works, and only then", () => {
    const working = [[0, started("a")], [8, enters("a", "codex", 300)]] as const
    assert.strictEqual(of(fold(...working), "a").limitAt, 308_000)
    assert.isNull(of(fold(...working, [9, enters("a", "capture")]), "a").limitAt)
  })

  it("counts each command once: started and ended, or ended alone", () => {
    const state = fold(
      [0, started("a")],
      [1, says("a", command("item.started", "1"))],
      [2, says("a", command("item.started", "2"))],
      [3, says("a", command("item.completed", "2"))],
      [4, says("a", command("item.completed", "1"))],
      [5, says("a", command("item.completed", "3", "ls", 2))]
    )
    assert.strictEqual(of(state, "a").commands, 3)
    assert.strictEqual(of(state, "a").running.size, 0)
    assert.strictEqual(of(state, "a").action, "exit 2: ls")
  })

  it("counts each file once, denials, and the tokens as soon as Codex tells them", () => {
    const usage = { input_tokens: 1000, cached_input_tokens: 900, output_tokens: 50, reasoning_output_tokens: 10 }
    const state = fold(
      [0, started("a")],
      [1, says("a", edit("/w/x", "/w/y"))],
      [2, says("a", edit("/w/x"))],
      [3, denied("a", "curl evil.example")],
      [4, says("a", { type: "turn.completed", usage })]
    )
    const { denied: calls, files, tokens } = of(state, "a")
    assert.deepStrictEqual({ calls, files, tokens }, { calls: 1, files: 2, tokens: 1050 })
  })

  it("shows what was denied as what happened last", () => {
    assert.strictEqual(of(fold([0, started("a")], [1, denied("a", "curl\nevil")]), "a").action, "denied: curl evil")
  })

  it("keeps its last action where an event has none", () => {
    const quiet = { type: "unknown", line: "?", reason: "not_known" } as const
    const state = fold([0, started("a")], [1, says("a", message("I look around."))], [2, says("a", quiet)])
    assert.strictEqual(of(state, "a").action, "I look around.")
  })

  it("has the result's own figures in the end, which know better", () => {
    const result = task("a", {
      summary: "All done.\nReally.",
      files_changed: ["one", "two"],
      commands_run: [{ cmd: "npm test", exit_code: 0 }],
      denied: [{ tool: "shell", what: "x", reason: "y" }]
    })
    const { action, commands, denied: calls, files } = of(
      fold([0, started("a")], [1, says("a", command("item.started", "1"))], [2, finishes(result)]),
      "a"
    )
    assert.deepStrictEqual({ action, commands, calls, files }, {
      action: "All done. Really.",
      commands: 1,
      calls: 1,
      files: 2
    })
  })
})

describe("a run", () => {
  it("tells at its end of the tasks that never started", () => {
    const skipped = task("b", { status: "skipped", error: { kind: "cancelled", message: "The run ended." } })
    const state = fold(
      [0, started("a", "b")],
      [1, finishes(task("a"))],
      [2, runEnds(run([task("a", { status: "failed" }), skipped]))]
    )
    assert.strictEqual(of(state, "a").phase, "success")
    assert.strictEqual(of(state, "b").phase, "skipped")
    assert.strictEqual(state.runs, 0)
  })

  it("stands beside another, and a task that nobody announced is shown as well", () => {
    const state = fold([0, started("a")], [1, started("b")], [2, enters("review", "worktree")])
    assert.deepStrictEqual([...state.tasks.keys()], ["a", "b", "review"])
    assert.strictEqual(state.runs, 2)
  })

  it("counts the signals that asked for its end", () => {
    assert.strictEqual(signalled(signalled(fold([0, started("a")]))).signals, 2)
  })
})

describe("a flood of events", () => {
  it("leaves the state small, and the count at least as high as the bound", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (many) => {
        const paths = Array.from({ length: 100 * many }, (_, index) => `/w/${index}`)
        const state = fold([0, started("a")], [1, says("a", edit(...paths))])
        assert.strictEqual(of(state, "a").files, Math.min(paths.length, 1000))
        assert.strictEqual(of(state, "a").edited.size, Math.min(paths.length, 1000))
      })
    )
  })
})
