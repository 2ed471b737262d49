import { assert, describe, it } from "@effect/vitest"
import { nothing, type OnScreen, paint } from "../../../src/cli/live/paint.ts"
import { screen } from "../../support/screen.ts"

/** A terminal at which a shell has just started something. */
const terminal = async (columns: number, rows: number) => {
  const at = screen(columns, rows)
  await at.write("$ codex-runner run\n")
  let onScreen: OnScreen = nothing
  let width = columns
  return {
    ...at,
    resize: (toColumns: number, toRows: number) => {
      width = toColumns
      at.resize(toColumns, toRows)
    },
    show: async (lines: ReadonlyArray<string>, above = "") => {
      const [text, after] = paint(onScreen, { above, lines, columns: width })
      onScreen = after
      await at.write(text)
      return text
    }
  }
}

describe("a view on the screen", () => {
  it("gives way to the next in the same place, also where that is shorter", async () => {
    const { show, text } = await terminal(40, 10)
    await show(["one", "two", "three"])
    assert.strictEqual(text(), "$ codex-runner run\none\ntwo\nthree")
    await show(["1"])
    assert.strictEqual(text(), "$ codex-runner run\n1")
    await show([])
    assert.strictEqual(text(), "$ codex-runner run")
  })

  it("keeps the last column of a line that fills its row: there the cursor stands on it", async () => {
    const { show, text } = await terminal(20, 10)
    await show(["x".repeat(20)])
    const line = `${"y".repeat(19)}…`
    // Unlike this terminal, tmux and xterm clear what stands under the cursor.
    assert.include(await show([line, "short"]), `${line}\nshort\u001b[K\n`)
    assert.strictEqual(text(), `$ codex-runner run\n${line}\nshort`)
  })

  it("has what others say above it, in order, also long lines", async () => {
    const { show, text } = await terminal(20, 10)
    await show(["view"])
    await show(["view 2"], "first\n")
    await show(["view 3"], "a line of more than twenty\nthird")
    assert.strictEqual(text(), "$ codex-runner run\nfirst\na line of more than\ntwenty\nthird\nview 3")
  })

  it("scrolls what was before it out of sight, never itself", async () => {
    const { history, show, text } = await terminal(20, 6)
    for (let round = 0; round < 10; round++) await show(["a", "b", "c", "d", `round ${round}`], `said ${round}`)
    assert.strictEqual(text(), "a\nb\nc\nd\nround 9")
    const said = Array.from({ length: 10 }, (_, round) => `said ${round}`)
    assert.strictEqual(history(), ["$ codex-runner run", ...said, "a", "b", "c", "d", "round 9"].join("\n"))
  })

  for (const [columns, rows] of [[20, 10], [11, 10], [80, 10], [40, 24], [7, 24]] as const) {
    it(`survives a change of size from 40x10 to ${columns}x${rows}`, async () => {
      const { history, resize, show, text } = await terminal(40, 10)
      await show(["#".repeat(40), "%".repeat(25), "="])
      resize(columns, rows)
      await show(["one", "two"])
      assert.match(text(), /(^|\n)one\ntwo$/)
      assert.strictEqual(history().replaceAll("\n", ""), "$ codex-runner runonetwo")
    })
  }

  it("never wraps, however wide a terminal takes its characters to be, and leaves wrapping on", async () => {
    const { show, text, write } = await terminal(20, 10)
    await show(["W".repeat(30), "next"])
    assert.match(text(), /^\$ codex-runner run\nW{20}\nnext$/)
    await show([])
    await write("w".repeat(25))
    assert.include(text(), `${"w".repeat(20)}\n${"w".repeat(5)}`)
  })

  it("leaves the cursor visible and at the start of the line below", async () => {
    const { cursor, show } = await terminal(20, 10)
    const text = await show(["one", "two"])
    assert.deepStrictEqual(cursor(), { column: 0, row: 3 })
    assert.isAbove(text.lastIndexOf("\u001b[?25h"), text.lastIndexOf("\u001b[?25l"))
  })

  it("wipes what is typed meanwhile", async () => {
    const { show, text, write } = await terminal(20, 10)
    await show(["one"])
    await write("^C")
    await show(["two"])
    assert.strictEqual(text(), "$ codex-runner run\ntwo")
  })
})
