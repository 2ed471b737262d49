import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { demoFiles, demoScript, demoTasks } from "../../src/scripted/demo.ts"
import * as ScriptedModel from "../../src/scripted/ScriptedModel.ts"
import { commands, files, folder, messages, runCodex } from "./codex.ts"

const expected: Readonly<
  Record<string, readonly [tests: ReadonlyArray<number>, added: ReadonlyArray<string>, says: RegExp]>
> = {
  "add-clamp": [[0], [], /npm test passes/],
  "add-slugify": [[0], ["src/slug.js", "tests/slug.test.js"], /npm test passes/],
  "round-to-cents": [[1, 1], ["src/money.js", "tests/money.test.js"], /could not get the test to pass/]
}

describe("demo", () => {
  for (const { model, prompt, task_id } of demoTasks) {
    it.scopedLive(`${task_id}: works as told, and says how the tests ended`, () =>
      Effect.gen(function*() {
        const root = yield* folder(demoFiles)
        const scripted = yield* ScriptedModel.make(demoScript)
        const ended = yield* runCodex(scripted, root, { model, prompt })
        const [tests, added, says] = expected[task_id] ?? [[], [], /never/]
        assert.deepStrictEqual(
          commands(ended).filter(({ command }) => command.includes("npm test")).map(({ exit_code }) => exit_code),
          [...tests]
        )
        assert.deepStrictEqual(files(root), [...Object.keys(demoFiles), ...added].sort())
        assert.match(messages(ended).at(-1) ?? "", says)
        const requests = yield* scripted.requests
        assert.strictEqual(requests[0]?.turn.codeMode, model === "gpt-6-sol")
      }))
  }
})
