import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Transcript from "../src/audit/Transcript.ts"
import { Codex } from "../src/codex/Codex.ts"
import { judgeEnd } from "../src/codex/failures.ts"
import {
  byPrompt,
  type CodexScript,
  layerScriptedCodex,
  makeScriptedModel,
  Reply,
  steps,
  turn
} from "../src/testing.ts"
import { admittedTask } from "./support/stages.ts"

const job: Parameters<CodexScript>[0] = {
  task: admittedTask("a"),
  worktree: "/w",
  checkout: "/c",
  home: "/h",
  unreadable: null,
  logFolder: "/l",
  niceness: undefined,
  gate: undefined
}

describe("a scripted Codex", () => {
  it.effect("is given each task, and says what its script says", () =>
    Effect.gen(function*() {
      const codex = yield* Codex
      const session = yield* codex.open({ home: "/h", cacheFolder: "/c" })
      assert.isNull(session.subject)
      const outputs = yield* Stream.runCollect(session.run(job))
      assert.deepStrictEqual(Chunk.toReadonlyArray(outputs), turn("a in /w"))
    }).pipe(
      Effect.provide(
        layerScriptedCodex(({ task, worktree }) => Stream.fromIterable(turn(`${task.taskId} in ${worktree}`)))
      )
    ))

  it("a turn ends well, with its text as Codex's closing words", () => {
    const outputs = turn("Done.")
    const transcript = outputs.reduce(
      (seen, output) => output._tag === "Event" ? Transcript.step(seen, output.event) : seen,
      Transcript.empty
    )
    const last = outputs.at(-1)
    assert.strictEqual(last?._tag, "Ended")
    assert.deepStrictEqual(judgeEnd({ transcript, exit: { code: 0, signal: null }, stderrTail: "" }), { ok: true })
    assert.strictEqual(transcript.messages.at(-1), "Done.")
  })
})

describe("the scripted model", () => {
  it.scoped("is there for embedding programs, on loopback alone", () =>
    Effect.gen(function*() {
      const model = yield* makeScriptedModel(byPrompt([["fix", steps(Reply.message("fixed"))]]))
      assert.match(model.url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/)
      assert.deepStrictEqual(yield* model.requests, [])
    }))
})
