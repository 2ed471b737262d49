import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { frame } from "../../../src/cli/live/frame.ts"
import { type LiveState, signalled } from "../../../src/cli/live/LiveState.ts"
import { widthOf } from "../../../src/cli/width.ts"
import { task } from "../../support/results.ts"
import { plain, tagged } from "../results.ts"
import { command, denied, edit, enters, finishes, fold, message, says, started } from "./events.ts"

const shown = (state: LiveState, columns: number, rows: number, second = 42, palette = plain): ReadonlyArray<string> =>
  frame(state, { palette, columns, rows, now: 1000 * second, pid: 4711 })

const usage = { input_tokens: 12_000, cached_input_tokens: 0, output_tokens: 345, reasoning_output_tokens: 0 }

/** One task in each phase. */
const everyPhase = fold(
  [0, started("add-clamp", "add-slugify", "fix-the-rounding-of-cents", "docs", "wait-for-it", "late")],
  [2, enters("add-clamp", "worktree")],
  [2, enters("add-slugify", "worktree")],
  [3, enters("add-clamp", "codex", 300)],
  [4, says("add-clamp", edit("/w/src/clamp.ts"))],
  [5, denied("add-clamp", "curl https://evil.example")],
  [6, says("add-clamp", command("item.started", "1", "npm test -- --run test/clamp.test.ts --reporter verbose"))],
  [7, enters("fix-the-rounding-of-cents", "worktree")],
  [7, enters("fix-the-rounding-of-cents", "codex", 60)],
  [9, says("fix-the-rounding-of-cents", { type: "turn.completed", usage })],
  [9, enters("fix-the-rounding-of-cents", "capture")],
  [10, finishes(task("docs", { summary: "Described src/math.js.", files_changed: ["README.md"], usage }))],
  [
    11,
    finishes(task("late", {
      status: "timeout",
      duration_ms: 300_000,
      error: { kind: "timeout", message: "Task timeout exceeded (300s). Raise timeout_sec, or split the task." }
    }))
  ]
)

/** Five hundred tasks: most wait, 300 are done, four are at work. */
const many = fold(
  [0, started(...Array.from({ length: 500 }, (_, index) => `task-${index}`))],
  ...Array.from({ length: 300 }, (_, index) =>
    [
      index / 10,
      finishes(task(`task-${index}`, { status: index % 10 === 0 ? "failed" : "success", summary: `Done ${index}.` }))
    ] as const),
  ...[300, 301, 302, 303].map((index) => [31, enters(`task-${index}`, "codex", 300)] as const)
)

describe("the view", () => {
  it("at 80x24", () => expect(shown(everyPhase, 80, 24).join("\n")).toMatchSnapshot())
  it("at 200x50", () => expect(shown(everyPhase, 200, 50).join("\n")).toMatchSnapshot())
  it("at 40x10", () => expect(shown(everyPhase, 40, 10).join("\n")).toMatchSnapshot())
  it("of 500 tasks at 80x24: those at work, the most recent, and how many more", () =>
    expect(shown(many, 80, 24).join("\n")).toMatchSnapshot())
  it("in colours", () => expect(shown(everyPhase, 80, 24, 42, tagged).join("\n")).toMatchSnapshot())

  it("before a run has started says what is being done", () => {
    assert.deepStrictEqual(shown(fold(), 80, 24, 1), ["Checking what is needed: git, Codex, the gate … 0:01"])
    assert.deepStrictEqual(shown(fold(), 80, 24, 3), [
      "Checking what is needed: git, Codex, the gate … 0:03  (proven once per Codex)"
    ])
    assert.deepStrictEqual(shown(signalled(fold()), 80, 24, 3), ["Ending … 0:03"])
  })

  it("tells at Ctrl-C what is done with how many tasks, and at the next how to leave", () => {
    const once = signalled(everyPhase)
    assert.match(shown(once, 80, 24).at(-1) ?? "", /^Ending 3 tasks, keeping what they did\. .*Ctrl-C again/)
    assert.include(shown(signalled(once), 80, 24).join("\n"), "kill -9 4711")
  })

  it("never has a line too wide or too many of them, whatever the terminal and the texts", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.constantFrom(
        "日本語のテキスト".repeat(20),
        "👩‍👩‍👧‍👦👍🏽🇩🇪".repeat(20),
        "e\u0301".repeat(90),
        "\u001b[2J\u001b[H\r\n\ttext"
      )
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(texts, { maxLength: 8 }),
        fc.nat({ max: 3 }),
        (columns, rows, said, signals) => {
          const ids = said.map((_, index) => `${index}-${"x".repeat(index * 8)}`)
          let state = fold(
            [0, started(...ids)],
            ...ids.map((id, index) => [1, says(id, message(said[index] ?? ""))] as const),
            ...ids.slice(0, 3).map((id) => [2, enters(id, "codex", 300)] as const)
          )
          for (let signal = 0; signal < signals; signal++) state = signalled(state)
          const lines = shown(state, columns, rows)
          assert.isAtMost(lines.length, Math.max(1, rows - 1))
          for (const line of lines) {
            assert.isAtMost(widthOf(line), columns)
            assert.notMatch(line, /[\u0000-\u001f\u007f-\u009f]/)
          }
        }
      )
    )
  })

  it("shows every task at work where there is room for some only", () => {
    const text = shown(many, 80, 24).join("\n")
    for (const index of [300, 301, 302, 303]) assert.include(text, `task-${index} `)
    assert.include(text, "task-299 ")
    assert.include(text, "300 of 500 tasks done, 30 not successful, 4 at work, 196 waiting")
  })
})
