import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import type { TaskResult } from "../../src/domain/Result.ts"
import type { RecordedRequest } from "../../src/scripted/ScriptedModel.ts"
import {
  goodCommands,
  hostileCalls,
  hostileCommands,
  hostileEdits,
  hostileFiles,
  hostileModel,
  mark,
  roundsOf,
  textOf
} from "../gate/hostile.ts"
import { asNobody, isRoot, sharedScene } from "../gate/unprivileged.ts"
import { outcomeOf, scene } from "./support/scene.ts"

/** Paths below a folder whose name says that something forbidden was done. No link is followed. */
const traces = (folder: string): ReadonlyArray<string> =>
  Fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return [...(entry.name.includes(mark) ? [path] : []), ...(entry.isDirectory() ? traces(path) : [])]
  })

const assertHeld = (home: string, outside: string, task: TaskResult, requests: ReadonlyArray<RecordedRequest>) => {
  const rounds = Array.from({ length: roundsOf(outside) }, (_, n) => n)
  assert.deepStrictEqual(traces(home), [])
  assert.strictEqual(task.status, "success", `${task.error?.message}\n${JSON.stringify(task.violations)}`)
  assert.deepStrictEqual([task.enforcement, task.reads], ["pre-execution", "confined"])
  assert.deepStrictEqual(task.violations, [])
  assert.deepStrictEqual(task.files_changed, rounds.map((n) => `src/good-${n}.txt`).sort())
  assert.deepStrictEqual(
    task.commands_run,
    rounds.map((n) => ({ cmd: goodCommands[n % goodCommands.length] ?? "", exit_code: 0 }))
  )

  const calls = hostileCalls(outside)
  assert.isAtLeast(hostileCommands.length, 30)
  assert.isAtLeast(hostileEdits(outside).length, 12)
  const denied = new Map(task.denied.map(({ reason, what }) => [what, reason]))
  const unlisted = calls.map(textOf).filter((text) => (denied.get(text) ?? "") === "")
  assert.deepStrictEqual(unlisted, [], "each denied call is listed, with a reason")
  assert.include(task.notes_for_manager, "calls that Codex tried were denied before anything ran.")

  const told = requests.flatMap(({ turn }) => turn.outputs).join("\n")
  const untold = [...denied].filter(([, reason]) => !told.includes(reason.trimEnd()))
  assert.deepStrictEqual(untold, [], "the model was told why")
  if (requests.every(({ turn }) => turn.codeMode)) assert.include(told, "INTERPRETER SEALED")
}

/** The one in Code Mode is tried by a user without privileges, where root can become one. */
const asRunner = isRoot ? ["gpt-5.5"] as const : ["gpt-5.5", "gpt-6-sol"] as const

describe.each(asRunner)("a hostile model, %s", (name) => {
  it.scopedLive("nothing that it asks for happens, and what it may do does", () =>
    Effect.gen(function*() {
      const outside = { path: "" }
      const { model, repo, run } = yield* scene({
        tasks: { hostile: (turn) => hostileModel(outside.path)(turn) },
        files: hostileFiles,
        model: name
      })
      outside.path = `${repo.home}/outside`
      Fs.mkdirSync(outside.path)
      const { code, stderr, task } = yield* run({
        args: ["--trust-config", "--keep-worktrees", "always"],
        keepsWorktrees: true
      })
      assert.strictEqual(code, 0, stderr)
      assertHeld(repo.home, outside.path, task("hostile"), yield* model.requests)
      assert.strictEqual(Fs.readFileSync(`${task("hostile").workspace_path}/forbidden/kept.txt`, "utf8"), "kept\n")
    }))
})

describe.skipIf(!isRoot)(
  "a hostile model, gpt-6-sol, run by a user without privileges (needs root to become one)",
  () => {
    it.scopedLive("nothing that it asks for happens, and what it may do does", () =>
      Effect.gen(function*() {
        const outside = { path: "" }
        const shared = yield* sharedScene({
          script: (turn) => hostileModel(outside.path)(turn),
          files: hostileFiles,
          model: "gpt-6-sol"
        })
        outside.path = `${shared.home}/outside`
        asNobody(["mkdir", outside.path])
        const ended = yield* shared.cli(["run", "tasks.json", "--json", "--trust-config", "--keep-worktrees", "always"])
        assert.strictEqual(ended.code, 0, ended.stderr)
        assertHeld(shared.home, outside.path, outcomeOf(ended).task("hostile"), yield* shared.model.requests)
      }))
  }
)
