import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Reply from "../../src/scripted/Reply.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { type Ended, start } from "./support/program.ts"
import { codexWrapper, scene } from "./support/scene.ts"
import { addFile, command, done, task } from "./support/script.ts"

const trusted = ["--trust-config"]

/** A forbidden command between two allowed things. */
const script = task(addFile("src/new.txt", "new"), command("touch src/evil"), command("npm test"))

/**
 * The real Codex behind a script that stands in its way.
 * `body`: shell text before the real program is started; `$real` is its path.
 */
const codexBehind = (body: string) =>
  Effect.map(scratchFolder, (folder) => {
    const path = `${folder}/codex`
    Fs.writeFileSync(path, `#!/bin/sh\nreal='${codexWrapper}'\nhere='${folder}'\n${body}\nexec "$real" "$@"\n`, {
      mode: 0o755
    })
    return { path, folder }
  })

const withoutHooks = codexBehind(
  `[ "$1" = features ] && { "$real" "$@" | sed 's/^\\(hooks .*\\)true *$/\\1false/'; exit; }`
)

const tooOld = codexBehind(`[ "$1" = --version ] && { echo 'codex-cli 0.130.0'; exit; }`)

/** Trusts the hook when asked, and in a run doesn't, once the file `off` is there. */
const forgetful = codexBehind(
  [
    `[ "$1" = exec ] && [ -e "$here/off" ] && {`,
    `  for arg do shift; case $arg in hooks.state=*) arg='hooks.state={}';; esac; set -- "$@" "$arg"; done`,
    `}`
  ].join("\n")
)

const refused = (ended: Ended, says: RegExp): void => {
  assert.strictEqual(ended.code, 3, ended.stderr)
  assert.match(ended.stderr, says)
  assert.strictEqual(ended.stdout, "")
}

const tasksFile = JSON.stringify([{ task_id: "a", prompt: "Do what a asks." }])

const runJson = ["run", "--json", ...trusted, "-"]

describe("enforcement: required", () => {
  it.scopedLive("a Codex that has its hooks switched off is refused, nothing is started", () =>
    Effect.gen(function*() {
      const codex = yield* withoutHooks
      const { cli, model } = yield* scene({
        ownProofs: true,
        tasks: { a: script },
        config: { codex_command: codex.path }
      })
      const ended = yield* cli(runJson, { stdin: tasksFile })
      refused(ended, /gate: .*Codex 0\.\d+\.\d+ has no hooks, or has them switched off.*codex-runner doctor.*audit/s)
      assert.deepStrictEqual(yield* model.requests, [])
    }))

  it.scopedLive("a Codex that is too old for a gate is refused", () =>
    Effect.gen(function*() {
      const codex = yield* tooOld
      const { cli, model } = yield* scene({
        ownProofs: true,
        tasks: { a: script },
        config: { codex_command: codex.path }
      })
      refused(yield* cli(runJson, { stdin: tasksFile }), /codex: .*version 0\.130\.0 is too old, .* or newer is needed/)
      assert.deepStrictEqual(yield* model.requests, [])
    }))

  it.scopedLive("an installation without the gate's program is refused", () =>
    Effect.gen(function*() {
      const { model, repo } = yield* scene({ ownProofs: true, tasks: { a: script } })
      const installation = yield* scratchFolder
      Fs.cpSync(new URL("../../dist/bin", import.meta.url), `${installation}/bin`, { recursive: true })
      const program = yield* start({
        args: runJson,
        cwd: repo.root,
        env: { ...repo.env, ...model.codexEnvironment },
        stdin: tasksFile,
        bin: `${installation}/bin/codex-runner.mjs`
      })
      refused(yield* program.ended, /gate: .*the gate's program is missing from this installation/)
      assert.deepStrictEqual(yield* model.requests, [])
    }))

  it.scopedLive("a Codex that skips the gate in mid-run is ended at once, and its patch is not offered", () =>
    Effect.gen(function*() {
      const codex = yield* forgetful
      const off = `${codex.folder}/off`
      const { run } = yield* scene({
        ownProofs: true,
        tasks: {
          a: script,
          // Without an end by itself.
          b: (turn) => !Fs.existsSync(off) ? done : turn.step === 0 ? command("touch src/evil") : Reply.hang
        },
        config: { codex_command: codex.path }
      })
      const first = yield* run({ args: trusted })
      assert.strictEqual(first.code, 0, first.stderr)
      assert.strictEqual(first.task("a").denied.length, 1)

      Fs.writeFileSync(off, "")
      const { code, task: resultOf } = yield* run({ args: trusted })
      assert.strictEqual(code, 1)
      const breach = {
        a: "Codex made 1 edits, the gate had allowed 0",
        b: "a command ran that the gate had not allowed: \"touch src/evil\""
      }
      for (const [id, detail] of Object.entries(breach)) {
        const result = resultOf(id)
        assert.strictEqual(result.status, "failed")
        assert.deepStrictEqual(result.error, { kind: "policy", message: `${detail}. Codex was ended at once.` })
        assert.isFalse(result.patch_applicable)
        assert.deepInclude(result.violations, { kind: "enforcement_breach", detail })
        assert.include(result.notes_for_manager, "The work was rejected")
      }
      // What it did is kept, for a person to look at.
      assert.isNotNull(resultOf("a").ref)
    }))
})

describe("enforcement: audit", () => {
  it.scopedLive("goes on where the gate can't be, checks afterwards, and says so in every result", () =>
    Effect.gen(function*() {
      const codex = yield* withoutHooks
      const good = task(addFile("src/good.txt", "good"), command("npm test"))
      const { run } = yield* scene({
        ownProofs: true,
        tasks: { a: script, good },
        config: { codex_command: codex.path, enforcement: "audit" }
      })
      const { code, result, stderr, task: resultOf } = yield* run({ args: trusted })
      assert.strictEqual(code, 1, stderr)
      for (const one of result.results) {
        assert.strictEqual(one.enforcement, "post-execution")
        assert.include(
          one.notes_for_manager,
          "Nothing was stopped before it ran: commands and edits were checked against the policy afterwards only."
        )
        assert.deepStrictEqual(one.denied, [])
      }
      assert.strictEqual(resultOf("good").status, "success")
      assert.strictEqual(resultOf("a").status, "failed")
      assert.deepStrictEqual(resultOf("a").violations.map(({ kind }) => kind), ["command"])
      assert.include(resultOf("a").violations[0]?.detail, "touch src/evil")
      assert.isFalse(resultOf("a").patch_applicable)
    }))

  it.scopedLive("needs no gate where there is one: it is used", () =>
    Effect.gen(function*() {
      const { run } = yield* scene({ tasks: { a: script }, config: { enforcement: "audit" } })
      const { code, stderr, task: resultOf } = yield* run({ args: trusted })
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(resultOf("a").enforcement, "pre-execution")
      assert.strictEqual(resultOf("a").denied.length, 1)
    }))
})
