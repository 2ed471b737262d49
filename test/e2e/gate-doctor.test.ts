import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { scratchFolder } from "../support/GitRepo.ts"
import { checkNamed, reportOf } from "./support/doctor.ts"
import { codexWrapper, scene } from "./support/scene.ts"
import { addFile, command, task } from "./support/script.ts"

const names = [
  "node",
  "git",
  "repository",
  "state folder",
  "configuration",
  "codex",
  "auth",
  "gate",
  "sandbox",
  "reads",
  "processes"
]

const script = task(addFile("src/new.txt", "new"), command("npm test"))

const withoutHooks = Effect.map(scratchFolder, (folder) => {
  const path = `${folder}/codex`
  const filter = `[ "$1" = features ] && { "$real" "$@" | sed 's/^\\(hooks .*\\)true *$/\\1false/'; exit; }`
  Fs.writeFileSync(path, `#!/bin/sh\nreal='${codexWrapper}'\n${filter}\nexec "$real" "$@"\n`, { mode: 0o755 })
  return path
})

describe("doctor", () => {
  it.scopedLive("finds everything well, proves the gate, and leaves nothing", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene()
      yield* cli(["trust", "--yes"])
      const text = yield* cli(["doctor"])
      assert.strictEqual(text.code, 0, text.stdout)
      assert.deepStrictEqual(
        text.stdout.split("\n").map((line) => line.slice(0, 24).trimEnd()),
        [...names.map((name) => `ok       ${name}`), "", "Ready.", ""]
      )
    }))

  it.scopedLive("tells of a configuration that is not trusted, by its name", () =>
    Effect.gen(function*() {
      const { cli, model } = yield* scene()
      const ended = yield* cli(["doctor", "--json"])
      assert.strictEqual(ended.code, 3)
      assert.deepStrictEqual(reportOf(ended).states, {
        node: "ok",
        git: "ok",
        configuration: "failed",
        codex: "skipped",
        auth: "skipped",
        gate: "skipped",
        sandbox: "skipped",
        reads: "skipped",
        processes: "skipped"
      })
      const { detail, remedy } = checkNamed(ended, "configuration")
      assert.match(detail, /sets codex_command, codex_config.*, which count only in a file that you have trusted\.$/)
      assert.match(remedy ?? "", /codex-runner trust/)
      assert.deepStrictEqual(yield* model.requests, [])
      const text = yield* cli(["doctor"])
      assert.strictEqual(text.code, 3)
      assert.match(text.stdout, /^FAILED {3}configuration/m)
      assert.match(text.stdout, /^skipped {2}gate +first mend configuration$/m)
      assert.match(text.stdout, /^Not ready\.$/m)
    }))

  it.scopedLive("tells of a folder that is no repository", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene()
      const ended = yield* cli(["doctor", "--json", "--repo", "/"])
      assert.strictEqual(ended.code, 3)
      const { detail, remedy, state } = checkNamed(ended, "repository")
      assert.strictEqual(state, "failed")
      assert.match(detail, /^\/ is no git repository/)
      assert.match(remedy ?? "", /--repo/)
    }))

  it.scopedLive("tells of a gate that can't be, with the remedy; under audit that is a warning", () =>
    Effect.gen(function*() {
      const codex = yield* withoutHooks
      const { cli, repo } = yield* scene({ ownProofs: true, config: { codex_command: codex } })
      yield* cli(["trust", "--yes"])
      const ended = yield* cli(["doctor", "--json"])
      assert.strictEqual(ended.code, 3)
      const gate = checkNamed(ended, "gate")
      assert.strictEqual(gate.state, "failed")
      assert.match(gate.detail, /has no hooks, or has them switched off/)
      assert.match(gate.remedy ?? "", /Update Codex.*audit/)
      assert.deepStrictEqual(checkNamed(ended, "sandbox"), {
        name: "sandbox",
        state: "skipped",
        detail: "first mend gate",
        remedy: null
      })

      const file = `${repo.root}/.mcp-codex.json`
      const config: unknown = JSON.parse(Fs.readFileSync(file, "utf8"))
      Fs.writeFileSync(file, JSON.stringify(Object.assign({}, config, { enforcement: "audit" })))
      yield* cli(["trust", "--yes"])
      const audit = yield* cli(["doctor", "--json"])
      assert.strictEqual(audit.code, 0, audit.stdout)
      assert.isTrue(reportOf(audit).ready)
      assert.deepStrictEqual(reportOf(audit).states, {
        ...Object.fromEntries(names.map((name) => [name, "ok"])),
        gate: "warning",
        sandbox: "skipped",
        reads: "skipped",
        processes: "skipped"
      })
    }))
})

describe("runs verify", () => {
  it.scopedLive("finds a flipped byte in a record, a result and a patch", () =>
    Effect.gen(function*() {
      const { cli, run } = yield* scene({ tasks: { a: script } })
      const { task: resultOf } = yield* run({ request: { run_id: "one" }, args: ["--trust-config"] })
      const verify = (...args: ReadonlyArray<string>) => cli(["runs", "verify", ...args])
      const intact = yield* verify()
      assert.deepStrictEqual([intact.code, intact.stdout], [0, "intact   one\n"])

      const logs = resultOf("a").log_dir
      const flipped: Readonly<Record<string, RegExp>> = {
        [`${logs}/../../records.jsonl`]: /record \d.*(changed|can't be read)/,
        [`${logs}/../../run.json`]: /record 0 \(run\): its result was changed/,
        [`${logs}/../../result.json`]: /record 2 \(end\): its result was changed/,
        [`${logs}/result.json`]: /record 1 \(task a\): its result was changed/,
        [`${logs}/patch.diff`]: /record 1 \(task a\): its patch was changed/
      }
      for (const [file, says] of Object.entries(flipped)) {
        const bytes = Fs.readFileSync(file)
        const at = Math.floor(bytes.length / 2)
        Fs.writeFileSync(file, bytes.with(at, (bytes[at] ?? 0) ^ 1))
        const ended = yield* verify("one")
        assert.strictEqual(ended.code, 1, file)
        assert.match(ended.stdout, /^CHANGED {2}one$/m)
        assert.match(ended.stdout, says)
        Fs.writeFileSync(file, bytes)
      }
      const json = yield* verify("--json")
      assert.deepStrictEqual(JSON.parse(json.stdout), { intact: true, runs: [{ run_id: "one", problems: [] }] })
      const unknown = yield* verify("none")
      assert.strictEqual(unknown.code, 2)
      assert.match(unknown.stderr, /no run "none".*The latest are: one/s)
    }))
})
