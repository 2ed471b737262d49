import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Reply from "../../src/scripted/Reply.ts"
import { scene } from "./support/scene.ts"
import { done } from "./support/script.ts"

/** So many calls at once, in one script of Code Mode. */
const atOnce = (count: number, cmd: string) =>
  Reply.calls([
    Reply.tool(
      "exec",
      `const ask = () => tools.exec_command({ cmd: ${JSON.stringify(cmd)} }).then(({ output }) => output, String)\n` +
        `text(JSON.stringify(await Promise.all(Array.from({ length: ${count} }, ask))))`,
      { direct: true }
    )
  ])

describe.skipIf(process.platform !== "linux")("many calls at once", () => {
  it.scopedLive("as many as can be judged are; of too many Codex is ended, before it can't ask any more", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({
        model: "gpt-6-sol",
        tasks: {
          many: ({ step }) => step === 0 ? atOnce(12, "ls src") : done,
          flood: ({ step }) => step === 0 ? atOnce(1_000, "touch src/evil.txt") : done
        }
      })
      const { task: resultOf } = yield* run({ args: ["--keep-worktrees", "always"], keepsWorktrees: true })
      const [many, flood] = [resultOf("many"), resultOf("flood")]
      assert.deepStrictEqual([many.status, many.denied, many.commands_run.length], ["success", [], 12])
      assert.strictEqual(flood.status, "failed")
      assert.deepStrictEqual(flood.error, {
        kind: "policy",
        message: "The model made more than 96 calls at once, so Codex was ended: it could not have asked the gate " +
          "about all of them. Run the task again, and ask for fewer at a time where it happens again."
      })
      assert.deepStrictEqual([flood.violations, flood.files_changed], [[], []])
      assert.isFalse(Fs.existsSync(`${flood.workspace_path}/src/evil.txt`))
    }))
})
