import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Vm from "node:vm"
import * as Reply from "../../src/scripted/Reply.ts"
import { encode, execScript, render } from "../../src/scripted/sse.ts"

/** Of characters that mean something to JavaScript, JSON or server-sent events, a lone surrogate among them. */
const awkward = fc.string({
  unit: fc.constantFrom(...Array.from("\"'`\\${}/*\n\r\0\t\u2028\u2029: a"), "😀", "\ud800")
})

/** Runs a script as Codex's `exec` does, with tools that note their calls; a command `throw` throws. */
const run = async (script: string): Promise<{ readonly seen: Array<unknown>; readonly texts: Array<unknown> }> => {
  const seen: Array<unknown> = []
  const texts: Array<unknown> = []
  const note = (name: string) => async (input: unknown) => {
    seen.push([name, input])
    if (JSON.stringify(input) === "{\"cmd\":\"throw\"}") throw new Error("denied")
    return name
  }
  const tools = { exec_command: note("exec_command"), apply_patch: note("apply_patch"), "a-b": note("a-b") }
  await Vm.compileFunction(`return (async () => {\n${script}\n})()`, ["tools", "text"])(
    tools,
    (text: unknown) => texts.push(text)
  )
  return { seen, texts }
}

describe("execScript", () => {
  for (const parallel of [false, true]) {
    it(`makes every call and tells of each, in order, also of one that throws (parallel: ${parallel})`, async () => {
      const script = execScript(
        [
          Reply.command("ls", { workdir: "/w", options: { login: true } }),
          Reply.command("throw"),
          Reply.tool("missing", {}),
          Reply.tool("a-b", "free text"),
          Reply.patch("*** Begin Patch")
        ],
        parallel
      )
      const { seen, texts } = await run(script)
      assert.deepStrictEqual(seen, [
        ["exec_command", { cmd: "ls", workdir: "/w", login: true }],
        ["exec_command", { cmd: "throw" }],
        ["a-b", "free text"],
        ["apply_patch", "*** Begin Patch"]
      ])
      assert.deepStrictEqual(
        texts,
        ["exec_command", "Error: denied", "TypeError: tools.missing is not a function", "a-b", "apply_patch"]
      )
    })
  }

  it("hands over any text as it is", () =>
    fc.assert(fc.asyncProperty(awkward, fc.boolean(), async (text, parallel) => {
      const { seen } = await run(execScript([Reply.patch(text), Reply.command(text)], parallel))
      assert.deepStrictEqual(seen, [["apply_patch", text], ["exec_command", { cmd: text }]])
    })))
})

const context = { answer: 2, codeMode: true, model: "m" }

describe("render", () => {
  it("puts the calls of Code Mode into one exec, direct ones beside it, each with an id of its own", () => {
    const reply = Reply.calls([
      Reply.command("a"),
      Reply.tool("clock.sleep", { duration_ms: 1 }, { direct: true }),
      Reply.patch("b"),
      Reply.command("c", { direct: true })
    ])
    const items = render(reply, context).flatMap(({ item, type }) => type === "response.output_item.done" ? [item] : [])
    assert.deepStrictEqual(items, [
      {
        type: "custom_tool_call",
        id: "ctc_call_2_0",
        call_id: "call_2_0",
        name: "exec",
        input: execScript([Reply.command("a"), Reply.patch("b")], false)
      },
      {
        type: "function_call",
        id: "fc_call_2_1",
        call_id: "call_2_1",
        name: "sleep",
        namespace: "clock",
        arguments: "{\"duration_ms\":1}"
      },
      {
        type: "function_call",
        id: "fc_call_2_2",
        call_id: "call_2_2",
        name: "exec_command",
        arguments: "{\"cmd\":\"c\"}"
      }
    ])
  })

  it("encodes one event a block, whatever its text holds", () =>
    fc.assert(fc.property(awkward, (text) => {
      const events = render(Reply.message(text), context)
      const blocks = encode(events).split("\n\n")
      assert.strictEqual(blocks.pop(), "")
      const decoded: ReadonlyArray<unknown> = blocks.map((block) => JSON.parse(block.replace(/^event: .*\ndata: /, "")))
      assert.deepStrictEqual(decoded, JSON.parse(JSON.stringify(events)))
    })))
})
