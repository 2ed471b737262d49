import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { decode } from "../../src/domain/decode.ts"
import { nearest } from "../../src/domain/nearest.ts"
import { RunRequest } from "../../src/domain/Task.ts"

const decodeRequest = decode(RunRequest, { area: "request", root: "request" })

const problemsOf = (input: unknown) =>
  Either.match(decodeRequest(input), {
    onLeft: (problems) => problems.map(({ at, message }) => `${at}: ${message}`),
    onRight: () => []
  })

const task = { task_id: "a", prompt: "Do it" }

describe("decode", () => {
  it("tells every problem of a request at once, each with its path, what is expected and what was found", () => {
    assert.deepStrictEqual(
      problemsOf({
        run_id: "..",
        concurrency: 0,
        resource_policy: "greedy",
        dry_run: "yes",
        tasks: [task, { ...task, timeout_sec: 5 }, { task_id: "b c", allowed_paths: ["src/**", 7] }]
      }),
      [
        "run_id: expected 1 to 64 letters, digits, '.', '-' or '_', and neither '.' nor '..', got \"..\"",
        "concurrency: expected a whole number from 1 to 64, got 0",
        "resource_policy: expected \"conservative\" or \"normal\", got \"greedy\"",
        "dry_run: expected true or false, got \"yes\"",
        "tasks[1].timeout_sec: expected a whole number from 10 to 86400, got 5",
        "tasks[2].task_id: expected 1 to 64 letters, digits, '.', '-' or '_', and neither '.' nor '..', got \"b c\"",
        "tasks[2].prompt: is missing: expected a prompt that is not empty and holds no NUL byte",
        "tasks[2].allowed_paths[1]: expected a string, got 7"
      ]
    )
  })

  it("expects the range also where the value is of another type", () => {
    assert.deepStrictEqual(problemsOf({ concurrency: "2", tasks: [task] }), [
      "concurrency: expected a whole number from 1 to 64, got \"2\""
    ])
  })

  it("suggests the nearest known field, at any depth", () => {
    assert.deepStrictEqual(
      problemsOf({ baseRef: "HEAD", tasks: [{ ...task, alowed_commands: [], timeuot_sec: 20, colour: "red" }] }),
      [
        "baseRef: unknown field \"baseRef\": did you mean \"base_ref\"?",
        "tasks[0].alowed_commands: unknown field \"alowed_commands\": did you mean \"allowed_commands\"?",
        "tasks[0].timeuot_sec: unknown field \"timeuot_sec\": did you mean \"timeout_sec\"?",
        "tasks[0].colour: unknown field \"colour\"; known here: task_id, prompt, allowed_paths, allowed_commands, timeout_sec"
      ]
    )
  })

  it("names the whole input where it is of the wrong kind", () => {
    assert.deepStrictEqual(problemsOf(null), ["request: expected an object, got null"])
    assert.deepStrictEqual(problemsOf([]), ["request: expected an object, got an empty list"])
  })

  it("never quotes a prompt, nor what a field with a secret's name holds", () => {
    const secrets = decode(
      Schema.Struct({
        api_key: Schema.Number,
        command_env: Schema.Record({ key: Schema.String, value: Schema.Number })
      }),
      { area: "configuration", root: "file" }
    )
    const told = JSON.stringify([
      secrets({ api_key: "sk-1", command_env: { A: "sk-2" }, token: "sk-3" }),
      problemsOf({ tasks: [{ task_id: "a", prompt: ["sk-4"] }, { task_id: "a", prompt: "sk-5\0" }] })
    ])
    assert.include(told, "command_env.A")
    assert.include(told, "tasks[1].prompt")
    assert.notMatch(told, /sk-\d/)
  })

  it("cuts what it quotes, and the list of problems", () => {
    const [long] = problemsOf({ base_ref: 1, tasks: [{ ...task, task_id: "x".repeat(5000) }] }).slice(-1)
    assert.isBelow(long?.length ?? Infinity, 250)
    assert.include(long ?? "", "(5000 characters)")
    const many = problemsOf({ tasks: Array.from({ length: 150 }, () => ({ prompt: "x", task_id: "" })) })
    assert.strictEqual(many.length, 101)
    assert.strictEqual(many.at(-1), "request: and 50 more problems")
  })

  it("shows control and invisible characters as escapes", () => {
    const [told] = problemsOf({ tasks: [{ ...task, task_id: "a\u001b[31m\u202eb" }] })
    assert.include(told ?? "", "a\\u001b[31m\\u202eb")
  })

  it("never throws, and every problem names a field", () => {
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (input) => {
      for (const problem of Either.getOrElse(Either.flip(decodeRequest(input)), () => [])) {
        assert.isNotEmpty(problem.at)
        assert.isNotEmpty(problem.message)
      }
    }))
  })

  it("takes any mangled request without throwing, every problem naming a field", () => {
    const mangled = fc.record({
      run_id: fc.jsonValue(),
      concurrency: fc.jsonValue(),
      tasks: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.record({ task_id: fc.jsonValue(), prompt: fc.jsonValue(), extra: fc.jsonValue() }, { requiredKeys: [] })
        )
      )
    }, { requiredKeys: [] })
    fc.assert(fc.property(mangled, (input) => {
      for (const problem of Either.getOrElse(Either.flip(decodeRequest(input)), () => [])) {
        assert.match(problem.at, /^(request|(run_id|concurrency|tasks)\b.*)$/s)
      }
    }))
  })
})

describe("nearest", () => {
  const fields = ["allowed_commands", "default_allowed_paths", "codex_model", "limits"]

  it.each([
    ["alowed_commands", "allowed_commands"],
    ["allowed-commands", "allowed_commands"],
    ["allowedCommands", "allowed_commands"],
    ["codex_modle", "codex_model"],
    ["limit", "limits"],
    ["limtis", "limits"],
    ["model", undefined],
    ["allowed", "allowed_commands"],
    ["code", "codex_model"],
    ["lim", undefined],
    ["", undefined],
    ["x".repeat(10_000), undefined]
  ])("%s", (name, expected) => {
    assert.strictEqual(nearest(name, fields), expected)
  })
})
