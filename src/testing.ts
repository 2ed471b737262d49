/**
 * Test support for programs that embed codex-runner: a Codex that follows a
 * script in memory, and a model that the real Codex CLI can be pointed at.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import { Codex, type CodexFailed, type CodexJob, type CodexOutput } from "./codex/Codex.ts"

/** What a scripted Codex does with a task: its events, then how it ended. It may change files in the job's worktree. */
export type CodexScript = (job: CodexJob) => Stream.Stream<CodexOutput, CodexFailed>

/** A Codex without a process: every other stage stays real. */
export const layerScriptedCodex = (script: CodexScript): Layer.Layer<Codex> =>
  Layer.succeed(Codex, {
    open: () =>
      Effect.succeed({
        version: "0.0.0",
        subject: null,
        searchPath: "",
        warnings: [],
        run: script,
        hasThread: () => false
      })
  })

const begun: ReadonlyArray<CodexOutput> = [
  { _tag: "Event", event: { type: "thread.started", thread_id: "scripted" } },
  { _tag: "Event", event: { type: "turn.started" } }
]

/** A turn that says one thing and ends well. */
export const turn = (text: string): ReadonlyArray<CodexOutput> => [
  ...begun,
  { _tag: "Event", event: { type: "item.completed", item: { type: "agent_message", id: "item_0", text } } },
  { _tag: "Event", event: { type: "turn.completed", usage: null } },
  { _tag: "Ended", exit: { code: 0, signal: null }, stderrTail: "" }
]

/** A turn that fails, in Codex's words: these make the task's `error`. */
export const failedTurn = (message: string): ReadonlyArray<CodexOutput> => [
  ...begun,
  { _tag: "Event", event: { type: "turn.failed", error: { message } } },
  { _tag: "Ended", exit: { code: 1, signal: null }, stderrTail: "" }
]

/** A script that writes files, by their paths in the repository, and ends well; `null` removes one. */
export const writes = (files: Readonly<Record<string, string | null>>, text = "Done."): CodexScript => ({ worktree }) =>
  Stream.suspend(() => {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(worktree, name)
      if (content === null) {
        rmSync(file, { force: true })
        continue
      }
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
    return Stream.fromIterable(turn(text))
  })

/** What a scripted model answers. */
export * as Reply from "./scripted/Reply.ts"
export { byPrompt, type Script, steps } from "./scripted/Script.ts"
export {
  make as makeScriptedModel,
  type Options as ScriptedModelOptions,
  type RecordedRequest,
  type ScriptedModel,
  ScriptedModelFailed
} from "./scripted/ScriptedModel.ts"
export type { Turn } from "./scripted/Turn.ts"
