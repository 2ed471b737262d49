import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { outcomeOf, promptOf, scene } from "./support/scene.ts"
import { wellBehaved } from "./support/script.ts"

const tasks = { one: wellBehaved("one"), two: wellBehaved("two") }
const specs = ["one", "two"].map((task_id) => ({ task_id, prompt: promptOf(task_id) }))

const inputs: Readonly<Record<string, { readonly file: string; readonly text: string }>> = {
  "a JSON object": { file: "tasks.json", text: JSON.stringify({ tasks: specs }) },
  "a bare list": { file: "tasks.json", text: JSON.stringify(specs) },
  "JSON with a byte order mark": { file: "tasks.json", text: `\uFEFF${JSON.stringify(specs)}` },
  "YAML": {
    file: "tasks.yaml",
    text: `# Two tasks\ntasks:\n  - task_id: one\n    prompt: ${
      promptOf("one")
    }\n  - task_id: two\n    prompt: >-\n      Do what\n      two asks.\n`
  },
  "standard input, after other options": { file: "-", text: JSON.stringify(specs) }
}

describe("what a run is asked by", () => {
  for (const [name, { file, text }] of Object.entries(inputs)) {
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const { cli, repo } = yield* scene({ tasks })
        if (file !== "-") repo.write({ [file]: text })
        const outcome = outcomeOf(yield* cli(["run", "--json", "--concurrency", "2", file], { stdin: text }))
        assert.strictEqual(outcome.code, 0, outcome.stderr)
        assert.deepStrictEqual(outcome.result.results.map((one) => String(one.task_id)), ["one", "two"])
      }))
  }
})

const refusals: Readonly<Record<string, { readonly file: string; readonly text?: string; readonly says: RegExp }>> = {
  "no such file": {
    file: "missing.json",
    says: /missing\.json: there is no such file\. Give the path of a tasks\.json/
  },
  "a folder": { file: "src", says: /src: cannot be read: EISDIR/ },
  "broken JSON": {
    file: "tasks.json",
    text: `{"tasks": [\n  {"task_id": "a",, "prompt": "x"}\n]}`,
    says: /tasks\.json: is neither JSON nor YAML: .* at line 2, column 19\.$/m
  },
  "broken YAML": {
    file: "tasks.yaml",
    text: "tasks:\n  - task_id: a\n    prompt: \"x\n",
    says: /tasks\.yaml: is neither JSON nor YAML: .* at line 4, column 1\.$/m
  },
  "a text": { file: "tasks.yaml", text: "just words", says: /request: expected an object, got "just words"/ },
  "nothing": { file: "-", says: /-: is empty/ },
  "no tasks": { file: "-", text: "[]", says: /tasks: expected at least one task/ },
  "a YAML bomb": {
    file: "tasks.yaml",
    text: `a: &a [x,x,x,x,x,x,x,x,x,x]\n${
      ["b", "c", "d", "e", "f"].map((name, index) =>
        `${name}: &${name} [${Array(10).fill(`*${"abcdef"[index]}`).join(",")}]`
      ).join("\n")
    }\n`,
    says: /cannot be read as YAML: .*alias/
  }
}

describe("a request that can't be read", () => {
  for (const [name, { file, says, text = "" }] of Object.entries(refusals)) {
    it.scopedLive(`${name}: exit 2, and nothing on stdout`, () =>
      Effect.gen(function*() {
        const { cli, prompts, repo } = yield* scene({ tasks })
        if (text !== "" && file !== "-") repo.write({ [file]: text })
        const { code, stderr, stdout } = yield* cli(["run", file, "--json"], { stdin: text })
        assert.match(stderr, says)
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.deepStrictEqual(yield* prompts, [])
      }))
  }

  it.scopedLive("every problem of the request, the environment and the configuration is told at once", () =>
    Effect.gen(function*() {
      const { cli, prompts, repo } = yield* scene({ tasks })
      repo.write({
        ".mcp-codex.json": JSON.stringify({ allowed_comands: [], default_concurrency: 99 }),
        "tasks.json": JSON.stringify({
          concurency: 2,
          tasks: [
            { task_id: "a/b", prompt: "x", timeoutsec: 3 },
            { task_id: "b", prompt: "  " },
            { prompt: "x", timeout_sec: 1 }
          ]
        })
      })
      const { code, stderr, stdout } = yield* cli(["run", "tasks.json"], { env: { CODEX_RUNNER_TIMEOUT_SEC: "soon" } })
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.deepStrictEqual(stderr.trimEnd().split("\n"), [
        "9 problems, nothing was started:",
        `  - concurency: unknown field "concurency": did you mean "concurrency"?`,
        `  - tasks[0].timeoutsec: unknown field "timeoutsec": did you mean "timeout_sec"?`,
        `  - tasks[0].task_id: expected 1 to 64 letters, digits, '.', '-' or '_', and neither '.' nor '..', got "a/b"`,
        "  - tasks[1].prompt: expected a prompt that is not empty and holds no NUL byte",
        "  - tasks[2].task_id: is missing: expected 1 to 64 letters, digits, '.', '-' or '_', and neither '.' nor '..'",
        "  - tasks[2].timeout_sec: expected a whole number from 10 to 86400, got 1",
        `  - CODEX_RUNNER_TIMEOUT_SEC: expected a whole number from 10 to 86400, got "soon"`,
        `  - allowed_comands: unknown field "allowed_comands": did you mean "allowed_commands"?`,
        "  - default_concurrency: expected a whole number from 1 to 8, got 99"
      ])
      assert.deepStrictEqual(yield* prompts, [])
    }))

  it.scopedLive("what the configuration doesn't allow is refused before anything starts, all of it", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene({ tasks })
      const request = {
        concurrency: 20,
        tasks: [
          { task_id: "A", prompt: "x", allowed_paths: ["/etc/**", "../x"], allowed_commands: ["npm test; rm -rf /"] },
          { task_id: "a", prompt: "x", allowed_commands: ["make"], timeout_sec: 3000 }
        ]
      }
      const notAllowed = [
        "concurrency",
        "tasks[1].task_id",
        "tasks[0].allowed_paths[0]",
        "tasks[0].allowed_paths[1]",
        "tasks[0].allowed_commands[0]",
        "tasks[1].allowed_commands[0]",
        "tasks[1].timeout_sec"
      ]
      const assertRefused = (asked: unknown, places: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const { code, stderr } = yield* cli(["run", "-"], { stdin: JSON.stringify(asked) })
          assert.strictEqual(code, 2)
          for (const at of places) assert.include(stderr, `  - ${at}: `)
          assert.match(stderr, new RegExp(`^${places.length} problems, nothing was started:$`, "m"))
        })
      yield* assertRefused(request, notAllowed)
      // Nor does one that isn't even well formed hide what else is wrong.
      yield* assertRefused(
        { ...request, tasks: [...request.tasks, { task_id: "b", prompt: "" }] },
        ["tasks[2].prompt", ...notAllowed]
      )
    }))
})
