/** The command line as somebody sees it who sits at a terminal, with the real Codex. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expectScreen } from "../support/screen.ts"
import { outcomeOf, scene } from "./support/scene.ts"
import { addFile, command, thenHang, wellBehaved } from "./support/script.ts"

describe("codex-runner run at a terminal", () => {
  it.scopedLive("shows what happens, says at Ctrl-C what it does, and then the results", () =>
    Effect.gen(function*() {
      const working = thenHang(
        addFile("src/begun.txt", "begun"),
        command("npm test"),
        command("curl https://evil.example")
      )
      const { atTerminal, repo } = yield* scene({
        tasks: { early: wellBehaved("early"), working: working.script, waiting: wellBehaved("waiting") }
      })
      const terminal = yield* atTerminal(
        `codex-runner run ${repo.home}/tasks.json --run-id seen --trust-config --concurrency 1`
      )
      yield* terminal.shows("Checking what is needed")
      yield* terminal.shows(/^working +working /m)
      yield* terminal.shows(/^working +working .* denied: curl https/m)
      expectScreen(terminal.screen.text().replace(/from \w{12}/, "from 0123456789ab"), "at work")

      yield* terminal.type("\u0003")
      yield* terminal.shows("Ending 1 task, keeping what they did.")
      yield* terminal.type("\u0003")
      assert.strictEqual(yield* terminal.ended, 130)
      const text = terminal.screen.text()
      expectScreen(text.slice(text.indexOf("TASK")).replace(/\d+\.\d s/g, "0.0 s"), "results")
      assert.strictEqual(repo.git("show", "refs/codex-runner/seen/working:src/begun.txt"), "begun")
    }))

  it.scopedLive("shows it also where the result goes to a file", () =>
    Effect.gen(function*() {
      const { atTerminal, repo } = yield* scene({ tasks: { one: wellBehaved("one") } })
      const terminal = yield* atTerminal(
        `codex-runner run ${repo.home}/tasks.json --trust-config --json > ${repo.home}/result.json`,
        { columns: 200, rows: 50 }
      )
      yield* terminal.shows(/^one +working /m)
      assert.strictEqual(yield* terminal.ended, 0)
      assert.match(terminal.screen.text(), /^one +success /m)
      assert.strictEqual(
        outcomeOf({ code: 0, stdout: repo.read("../result.json"), stderr: "" }).result.status,
        "completed"
      )
    }))
})
