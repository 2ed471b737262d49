import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { RunResult } from "../../src/domain/Result.ts"
import { builtBin } from "./support/program.ts"
import { promptOf, scene } from "./support/scene.ts"
import { thenHang, wellBehaved } from "./support/script.ts"
import { stateOf } from "./support/untouched.ts"

const decodeStored = Schema.decodeUnknownSync(Schema.parseJson(RunResult))

/** The program at a terminal: `script` gives it one. */
const atTerminal = (env: Readonly<Record<string, string>>): string =>
  spawnSync("script", ["-q", "-e", "-c", `"${process.execPath}" "${builtBin}" run --help`, "/dev/null"], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm-256color", ...env }
  }).stdout

describe.runIf(process.platform === "linux")("colour", () => {
  it("is there at a terminal, unless NO_COLOR or a dumb terminal says otherwise", () => {
    assert.include(atTerminal({}), "\u001b[1mUsage\u001b[22m")
    assert.notInclude(atTerminal({ NO_COLOR: "1" }), "\u001b")
    assert.notInclude(atTerminal({ TERM: "dumb" }), "\u001b")
  })
})

describe("a reader that went away", () => {
  it.scopedLive("does not end the run, nor leaves anything of it behind", () =>
    Effect.gen(function*() {
      const { cli, repo } = yield* scene({ tasks: { one: wellBehaved("one"), two: wellBehaved("two") } })
      const { code } = yield* cli(["run", "-", "--run-id", "unread"], {
        stdin: JSON.stringify(["one", "two"].map((task_id) => ({ task_id, prompt: promptOf(task_id) }))),
        meanwhile: (program) => Effect.zipRight(program.said("working"), program.stopReading)
      })
      assert.strictEqual(code, 0)
      const [layout = ""] = readdirSync(stateOf(repo)).filter((name) => name !== "codex")
      const stored = decodeStored(readFileSync(`${stateOf(repo)}/${layout}/runs/unread/result.json`, "utf8"))
      assert.deepStrictEqual(stored.results.map(({ status }) => status), ["success", "success"])
    }))
})

describe("a signal outside of the tasks' work", () => {
  it.scopedLive("while standard input is still awaited: exit 130 at once", () =>
    Effect.gen(function*() {
      const { cli, prompts } = yield* scene({ tasks: { one: wellBehaved("one") } })
      const { code, stdout } = yield* cli(["run", "-"], {
        stdin: " ".repeat(1_000_000),
        stdinStaysOpen: true,
        meanwhile: (program) => Effect.zipRight(program.reading, program.signalGroup("SIGINT"))
      })
      assert.deepStrictEqual({ code, stdout }, { code: 130, stdout: "" })
      assert.deepStrictEqual(yield* prompts, [])
    }))

  it.scopedLive("while a setup command runs: it is ended, and the task is cancelled", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: { one: thenHang().script, two: wellBehaved("two") },
        // Who writes to a pipe waits for its reader.
        config: { setup: { commands: ["echo started > \"$HOME/pipe\"; exec sleep 1000"] } }
      })
      const pipe = `${repo.home}/pipe`
      spawnSync("mkfifo", [pipe])
      const setupRuns = Effect.promise(() => readFile(pipe))
      const { code, result } = yield* run({
        request: { concurrency: 1 },
        meanwhile: (program) => Effect.zipRight(setupRuns, program.signalGroup("SIGINT"))
      })
      assert.strictEqual(code, 130)
      assert.deepStrictEqual(result.results.map(({ status }) => status), ["cancelled", "skipped"])
    }))
})
