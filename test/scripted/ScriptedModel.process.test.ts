import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Reply from "../../src/scripted/Reply.ts"
import * as Script from "../../src/scripted/Script.ts"
import * as ScriptedModel from "../../src/scripted/ScriptedModel.ts"
import { exitCode } from "../../src/scripted/Turn.ts"
import { commands, failure, files, folder, lastEvent, messages, read, runCodex } from "./codex.ts"

const editing = `*** Begin Patch
*** Add File: added.txt
+new
*** Update File: kept.txt
@@
-old
+changed
*** Delete File: gone.txt
*** Update File: from.txt
*** Move to: to.txt
@@
-name
+renamed
*** End Patch`

const kinds = [["classic", "gpt-5.5"], ["Code Mode", "gpt-6-sol"]] as const

describe("the real Codex on a scripted model", () => {
  for (const [kind, model] of kinds) {
    it.scopedLive(`${kind}: runs commands, edits files, and ends with its words and what it cost`, () =>
      Effect.gen(function*() {
        const root = yield* folder({
          "kept.txt": "old\n",
          "gone.txt": "x\n",
          "from.txt": "name\n",
          "sub/here.txt": "",
          "AGENTS.md": "Be brief."
        })
        const scripted = yield* ScriptedModel.make(Script.steps(
          Reply.calls([Reply.command("cat kept.txt; exit 3"), Reply.command("ls", { workdir: `${root}/sub` })], {
            reasoning: "**Looking**",
            text: "I look around."
          }),
          Reply.calls([Reply.patch(editing)]),
          Reply.message("All done.", {
            usage: { input_tokens: 7, cached_input_tokens: 3, output_tokens: 5, reasoning_output_tokens: 2 }
          })
        ))
        const ended = yield* runCodex(scripted, root, {
          model,
          prompt: "edit <these> files",
          config: ["developer_instructions=\"Only these files.\""]
        })

        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.deepStrictEqual(new Set(commands(ended).map(({ exit_code }) => exit_code)), new Set([3, 0]))
        assert.deepStrictEqual(files(root), ["AGENTS.md", "added.txt", "kept.txt", "sub/here.txt", "to.txt"])
        assert.deepStrictEqual(["kept.txt", "added.txt", "to.txt"].map((name) => read(root, name)), [
          "changed\n",
          "new\n",
          "renamed\n"
        ])
        assert.deepStrictEqual(messages(ended), ["I look around.", "All done."])
        assert.deepStrictEqual(lastEvent(ended), {
          type: "turn.completed",
          usage: { input_tokens: 2007, cached_input_tokens: 803, output_tokens: 105, reasoning_output_tokens: 42 }
        })

        const [first, second, third, ...rest] = (yield* scripted.requests).map(({ turn }) => turn)
        assert.deepStrictEqual([first?.step, second?.step, third?.step, rest.length], [0, 1, 2, 0])
        assert.deepStrictEqual([first?.prompt, third?.prompt], ["edit <these> files", "edit <these> files"])
        assert.strictEqual(first?.codeMode, kind === "Code Mode")
        assert.includeMembers([...first?.tools ?? []], ["exec_command", "apply_patch", "write_stdin"])
        assert.includeMembers([...first?.developerTexts ?? []], ["Only these files."])
        assert.deepStrictEqual(second?.outputs.map((output) => exitCode(output)), [3, 0])
        assert.match(second?.outputs[0] ?? "", /\nOutput:\n(.*\n)*old\n$/)
        assert.include(second?.outputs[1], "here.txt")
        assert.strictEqual(third?.outputs.length, 3)
      }))
  }

  it.scopedLive("Code Mode: what throws is told, and the rest still runs; a tool can be asked for directly", () =>
    Effect.gen(function*() {
      const root = yield* folder()
      const scripted = yield* ScriptedModel.make(Script.steps(
        Reply.calls([
          Reply.tool("no.such", {}),
          Reply.command("echo nested"),
          Reply.command("echo direct", { direct: true }),
          Reply.tool("clock.sleep", { duration_ms: 1 }, { direct: true }),
          Reply.tool("exec", "text(ALL_TOOLS.map(({ name }) => name).join())", { direct: true })
        ], { parallel: true }),
        Reply.message("ok")
      ))
      const ended = yield* runCodex(scripted, root, { model: "gpt-6-sol" })
      assert.deepStrictEqual(commands(ended).map(({ exit_code }) => exit_code), [0, 0])
      const [missing, nested, direct, slept, all] = (yield* scripted.requests)[1]?.turn.outputs ?? []
      assert.include(missing, "tools.no__such is not a function")
      assert.include(nested, "nested\n")
      assert.include(direct, "direct\n")
      assert.include(slept, "Sleep completed")
      assert.includeMembers(all?.split(",") ?? [], ["apply_patch", "exec_command"])
    }))

  const failing: ReadonlyArray<readonly [name: string, Reply.Reply, says: RegExp, attempts: ReadonlyArray<number>]> = [
    ["401", Reply.httpError(401, "Incorrect API key"), /^unexpected status 401 Unauthorized: Incorrect API key/, [
      0,
      1
    ]],
    [
      "429",
      Reply.httpError(429, "Slow down", { code: "rate_limit_exceeded" }),
      /^exceeded retry limit, last status: 429/,
      [0]
    ],
    ["429, no quota left", Reply.httpError(429, "x", { code: "insufficient_quota" }), /^Quota exceeded/, [0]],
    [
      "429, usage limit",
      Reply.httpError(429, "x", { code: "usage_limit_reached", details: { resets_at: 2_000_000_000 } }),
      /hit your usage limit.*2033/,
      [0]
    ],
    ["500", Reply.httpError(500, "boom"), /currently experiencing high demand/, [0, 1, 2, 3]],
    ["400", Reply.httpError(400, "No such model"), /No such model/, [0]],
    ["response.failed", Reply.failed("server_error", "boom"), /^stream disconnected before completion: boom/, [0, 1]],
    ["response.failed, quota", Reply.failed("insufficient_quota", "x"), /^Quota exceeded/, [0]],
    ["response.failed, context", Reply.failed("context_length_exceeded", "x"), /context window/, [0]],
    ["response.incomplete", Reply.incomplete("max_output_tokens", { text: "par" }), /reason: max_output_tokens/, [0]],
    ["cut before an answer", Reply.cut("request"), /^stream disconnected before completion/, [0, 1, 2, 3]],
    ["cut after the first event", Reply.cut("created"), /^stream disconnected before completion/, [0, 1]],
    [
      "cut after a message",
      Reply.cut("items", { reply: Reply.message("half") }),
      /^stream disconnected before completion/,
      [0, 1]
    ]
  ]
  for (const [name, reply, says, attempts] of failing) {
    it.scopedLive(`a turn fails: ${name}`, () =>
      Effect.gen(function*() {
        const scripted = yield* ScriptedModel.make(() => reply)
        const ended = yield* runCodex(scripted, yield* folder())
        assert.match(failure(ended), says)
        assert.strictEqual(ended.code, 1)
        assert.deepStrictEqual((yield* scripted.requests).map(({ turn }) => turn.attempt), attempts)
      }))
  }

  it.scopedLive("a script sees by the attempt that Codex asks again", () =>
    Effect.gen(function*() {
      const scripted = yield* ScriptedModel.make(({ attempt }) =>
        attempt === 0 ? Reply.httpError(500, "once") : Reply.message(`attempt ${attempt}`)
      )
      const ended = yield* runCodex(scripted, yield* folder())
      assert.deepStrictEqual(messages(ended), ["attempt 1"])
    }))

  it.scopedLive("calls made before the cut count as a step: what ran is not asked for twice", () =>
    Effect.gen(function*() {
      const root = yield* folder()
      const scripted = yield* ScriptedModel.make(Script.steps(
        Reply.cut("items", { reply: Reply.calls([Reply.command("echo once >> log")]) }),
        Reply.message("after")
      ))
      const ended = yield* runCodex(scripted, root)
      assert.deepStrictEqual(messages(ended), ["after"])
      assert.strictEqual(read(root, "log"), "once\n")
    }))

  it.scopedLive("a hanging model: Codex waits until it is interrupted", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const scripted = yield* ScriptedModel.make(() => {
        Deferred.unsafeDone(asked, Effect.void)
        return Reply.hang
      })
      const ended = yield* runCodex(scripted, yield* folder(), { interruptAfter: Deferred.await(asked) })
      assert.strictEqual(ended.code, 1)
      assert.deepStrictEqual(ended.events.map(({ type }) => type), ["thread.started", "turn.started"])
    }))

  it.scopedLive("keeps conversations apart that run at once", () =>
    Effect.gen(function*() {
      const task = (name: string): Script.Script =>
        Script.steps(Reply.calls([Reply.command(`echo ${name} > ${name}`)]), Reply.message(`${name} done`))
      const scripted = yield* ScriptedModel.make(
        Script.byPrompt([["first", task("one")], [/^second\b/, task("two")]])
      )
      const [one, two, other] = yield* Effect.forEach(
        ["the first task", "second task", "third task"],
        (prompt) =>
          Effect.flatMap(folder(), (root) =>
            Effect.zip(runCodex(scripted, root, { prompt }), Effect.sync(() => files(root)))),
        { concurrency: 3 }
      )
      assert.deepStrictEqual(
        [one, two].map((run) =>
          run && [messages(run[0]), run[1]]
        ),
        [
          [["one done"], ["one"]],
          [["two done"], ["two"]]
        ]
      )
      assert.include(other && failure(other[0]), "no answer to this prompt: third task")
      const threads = new Set((yield* scripted.requests).map(({ turn }) => turn.threadId))
      assert.strictEqual(threads.size, 3)
    }))

  it.scopedLive("a proxy in the environment is passed by", () =>
    Effect.gen(function*() {
      const scripted = yield* ScriptedModel.make(Script.steps(Reply.message("here")))
      const env = { HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" }
      assert.deepStrictEqual(messages(yield* runCodex(scripted, yield* folder(), { env })), ["here"])
    }))

  it.scopedLive("an output schema is seen", () =>
    Effect.gen(function*() {
      const root = yield* folder({ "schema.json": "{\"type\":\"object\"}" })
      const scripted = yield* ScriptedModel.make(({ hasOutputSchema }) => Reply.message(`schema: ${hasOutputSchema}`))
      const ended = yield* runCodex(scripted, root, { args: ["--output-schema", `${root}/schema.json`] })
      assert.deepStrictEqual(messages(ended), ["schema: true"])
    }))
})
