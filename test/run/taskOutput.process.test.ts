import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { RunnerConfig } from "../../src/config/RunnerConfig.ts"
import { Git } from "../../src/git/Git.ts"
import { discover } from "../../src/git/Repository.ts"
import { Host } from "../../src/process/Host.ts"
import { Processes } from "../../src/process/Processes.ts"
import type { OutputPage } from "../../src/run/taskOutput.ts"
import { Runs } from "../../src/Runs.ts"
import { layoutOf, runFolder, taskFolder } from "../../src/store/stateFolder.ts"
import { gitRepo, writeFiles } from "../support/GitRepo.ts"

const secret = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4"

/** A run of one task that left this patch, and no log. */
const runsWith = (patch: string) =>
  Effect.gen(function*() {
    const repo = yield* gitRepo()
    const host = Layer.succeed(Host, { env: repo.env, directory: repo.root })
    const git = Git.layer.pipe(
      Layer.provideMerge(Processes.layer),
      Layer.provideMerge(Layer.merge(host, NodeContext.layer))
    )
    const layout = layoutOf(`${repo.home}/state/codex-runner`, yield* Effect.provide(discover(repo.root), git))
    writeFiles(runFolder(layout, "run"), {
      "run.json": JSON.stringify({
        run_id: "run",
        base_commit: repo.head(),
        created_at: "2026-11-25T12:00:00.000Z",
        request: { tasks: [{ task_id: "a", prompt: "x" }] }
      })
    })
    writeFiles(taskFolder(layout, "run", "a"), { "patch.diff": patch })
    const engine = CodexRunner.layerHost.pipe(
      Layer.provide(RunnerConfig.layerValue()),
      Layer.provide(Layer.merge(host, NodeContext.layer))
    )
    return yield* Effect.provide(Runs, engine)
  })

describe("a task's output", () => {
  it.scopedLive("comes in pages that make up the whole, masked across their borders", () =>
    Effect.gen(function*() {
      const text = `start 😀😀😀 KEY ${secret} é end\n`.repeat(3000)
      const runs = yield* runsWith(text)
      const page = (offset: number, limit: number) =>
        runs.output({ run_id: "run", task_id: "a", what: "patch", offset, limit })
      const whole = yield* page(0, 1_000_000)
      assert.strictEqual(whole.text, text.replaceAll(secret, "[redacted:openai-key]"))
      assert.deepInclude(whole, { offset: 0, next_offset: null, total: whole.text.length })
      let pages = ""
      for (let offset: number | null = 0; offset !== null;) {
        const one: OutputPage = yield* page(offset, 7001)
        assert.isAtMost(one.text.length, 7001)
        assert.isTrue(one.text.isWellFormed(), "no half character")
        pages += one.text
        offset = one.next_offset
      }
      assert.strictEqual(pages, whole.text)
      // A limit of half a character goes on all the same.
      assert.deepInclude(yield* page(6, 1), { text: "😀", next_offset: 8 })
      // Half a character is never handed out: not every reader of JSON takes it.
      assert.deepInclude(yield* page(7, 1), { text: "😀", offset: 8, next_offset: 10 })
      assert.deepInclude(yield* page(whole.total + 5, 10), { text: "", next_offset: null, total: whole.total })
    }))

  it.scopedLive("is empty where there is none yet; of an unknown task it is refused", () =>
    Effect.gen(function*() {
      const runs = yield* runsWith("")
      const query = { run_id: "last", task_id: "a", what: "log", offset: 3, limit: 10 } as const
      assert.deepStrictEqual(yield* runs.output(query), { text: "", offset: 3, next_offset: null, total: 0 })
      assert.include((yield* Effect.flip(runs.output({ ...query, task_id: "b" }))).message, "the run has no task \"b\"")
    }))
})
