import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { callId, decodeBody, readRequest } from "../../src/scripted/request.ts"
import { exitCode } from "../../src/scripted/Turn.ts"

const text = (role: string, ...texts: ReadonlyArray<string>) => ({
  type: "message",
  role,
  content: texts.map((text) => ({ type: "input_text", text }))
})
const call = (answer: number, index = 0) => ({
  type: "function_call",
  name: "exec_command",
  arguments: "{}",
  call_id: callId(answer, index)
})
const output = (answer: number, output: unknown, index = 0) => ({
  type: "function_call_output",
  call_id: callId(answer, index),
  output
})
const parts = (...texts: ReadonlyArray<string>) => texts.map((text) => ({ type: "input_text", text }))

const read = (input: ReadonlyArray<unknown>, rest: Readonly<Record<string, unknown>> = {}) =>
  readRequest(Either.getOrThrow(decodeBody(JSON.stringify({ model: "m", input, ...rest }))), "t")

describe("readRequest", () => {
  it("takes the user's last words for the prompt, not what Codex adds in the user's name", () => {
    const { turn } = read([
      text("developer", "rules", "more rules"),
      text("user", "# AGENTS.md instructions for /r\n\n<INSTRUCTIONS>x</INSTRUCTIONS>", "<environment_context>…"),
      text("user", "first"),
      text("assistant", "done"),
      text("user", "<turn_aborted>…"),
      text("user", "second", "with a second part"),
      text("user", "<environment_context>…")
    ])
    assert.strictEqual(turn.prompt, "second\nwith a second part")
    assert.deepStrictEqual(turn.developerTexts, ["rules", "more rules"])
  })

  it("counts steps and outputs from the prompt on, and answers from the start", () => {
    const first = [text("user", "first"), call(0, 0), call(0, 1), output(0, "a"), output(0, "b", 1)]
    const second = [text("assistant", "done"), text("user", "second"), call(1), output(1, parts("c"))]
    const before = read(first)
    assert.deepStrictEqual([before.turn.step, before.answers, before.turn.outputs], [1, 1, ["a", "b"]])
    const after = read([...first, ...second])
    assert.deepStrictEqual([after.turn.step, after.answers, after.turn.outputs], [1, 2, ["c"]])
    assert.notStrictEqual(before.position, after.position)
  })

  it("tells parallel calls of one answer from answers that follow each other", () => {
    const interleaved = [
      text("user", "go"),
      call(0, 0),
      output(0, "a"),
      call(0, 1),
      output(0, "b", 1),
      call(1),
      output(1, "")
    ]
    assert.strictEqual(read(interleaved).turn.step, 2)
  })

  it("gives the outputs of exec one by one, a command's as a classic model is told it", () => {
    const ran = JSON.stringify({ wall_time_seconds: 0.1, exit_code: 3, output: "bad\n" })
    const runs = JSON.stringify({ wall_time_seconds: 10, session_id: 7, output: "" })
    const { turn } = read([
      text("user", "go"),
      output(0, parts("Script completed\nWall time 0.1 seconds\nOutput:\n", ran, runs, "{}")),
      output(1, parts("Script failed\nWall time 0.1 seconds\nOutput:\n", "Script error:\nx")),
      output(2, parts("Script completed\nWall time 0.1 seconds\nOutput:\n"))
    ])
    assert.deepStrictEqual(turn.outputs, [
      "Process exited with code 3\nOutput:\nbad\n",
      "Process running with session ID 7\nOutput:\n",
      "{}",
      "Script failed\nWall time 0.1 seconds\nOutput:\n",
      "Script error:\nx",
      "Script completed\nWall time 0.1 seconds\nOutput:\n"
    ])
  })

  it("names the tools of a classic model", () => {
    const { turn } = read([text("user", "go")], {
      tools: [
        { type: "function", name: "exec_command" },
        { type: "custom", name: "apply_patch" },
        { type: "web_search" },
        { type: "namespace", name: "collaboration", tools: [{ type: "function", name: "spawn_agent" }] }
      ]
    })
    assert.deepStrictEqual(turn.tools, ["exec_command", "apply_patch", "web_search", "collaboration.spawn_agent"])
    assert.isFalse(turn.codeMode)
  })

  it("names the tools of Code Mode, those within exec too", () => {
    const description =
      "Runs JavaScript.\n```ts\ndeclare const tools: { exec_command(args: {\n  cmd: string;\n}): X; };\n```\n"
      + "```ts\ndeclare const tools: { mcp__lab__echo(args: {}): X; };\n```"
    const exec = { type: "custom", name: "exec", description }
    const tools = [
      { type: "namespace", name: "functions", tools: [exec, { type: "function", name: "wait" }] },
      { type: "namespace", name: "clock", tools: [{ type: "function", name: "sleep" }] }
    ]
    const { turn } = read([{ type: "additional_tools", role: "developer", tools }, text("user", "go")])
    assert.deepStrictEqual(turn.tools, ["exec", "wait", "clock.sleep", "exec_command", "mcp__lab__echo"])
    assert.isTrue(turn.codeMode)
    assert.isTrue(read([text("user", "go")], { tools: [exec] }).turn.codeMode)
  })

  it("sees an output schema", () => {
    assert.isTrue(read([], { text: { format: { type: "json_schema" } } }).turn.hasOutputSchema)
    assert.isFalse(read([], { text: { verbosity: "low" } }).turn.hasOutputSchema)
  })
})

describe("exitCode", () => {
  it("reads the head of an output, never what the command printed", () => {
    assert.strictEqual(exitCode("Chunk ID: 1\nWall time: 0 seconds\nProcess exited with code -1\nOutput:\nx"), -1)
    assert.strictEqual(exitCode("Process running with session ID 7\nOutput:\nProcess exited with code 0\n"), null)
    assert.strictEqual(exitCode("unsupported call: nope"), null)
  })
})
