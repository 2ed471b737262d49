import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { scratchFolder } from "../support/GitRepo.ts"
import { builtBin, type Ended } from "./support/program.ts"
import { codexWrapper, type Scene, scene } from "./support/scene.ts"
import { addFile, command, task } from "./support/script.ts"
import { tmpOf } from "./support/untouched.ts"

const Report = Schema.parseJson(Schema.Struct({
  ready: Schema.Boolean,
  checks: Schema.Array(Schema.Struct({
    name: Schema.String,
    state: Schema.Literal("ok", "warning", "failed", "skipped"),
    detail: Schema.String,
    remedy: Schema.NullOr(Schema.String)
  }))
}))

const reportOf = (ended: Ended) => {
  const { checks, ready } = Schema.decodeUnknownSync(Report, { onExcessProperty: "error" })(ended.stdout)
  return { ready, states: Object.fromEntries(checks.map(({ name, state }) => [name, state])), checks }
}

const checkNamed = (ended: Ended, name: string) => {
  const check = reportOf(ended).checks.find((one) => one.name === name)
  if (check === undefined) throw new Error(`no check ${name} in ${ended.stdout}`)
  return check
}

const names = ["node", "git", "repository", "state folder", "configuration", "codex", "auth", "gate", "sandbox"]

const script = task(addFile("src/new.txt", "new"), command("npm test"))

/** Where no user namespace can be made, Codex's sandbox can't be either. */
const withoutNamespaces = ["-Ur", "sh", "-c", "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"", "sh"]
const canForbidNamespaces = spawnSync("unshare", [...withoutNamespaces, "true"]).status === 0

const inBrokenSandbox = ({ model, repo }: Scene, args: ReadonlyArray<string>) =>
  Effect.async<Ended>((resume) => {
    const child = spawn("unshare", [...withoutNamespaces, process.execPath, builtBin, ...args], {
      cwd: repo.root,
      env: { ...repo.env, TMPDIR: tmpOf(repo), TERM: "dumb", ...model.codexEnvironment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    const said = { stdout: "", stderr: "" }
    child.stdout.setEncoding("utf8").on("data", (text: string) => said.stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text: string) => said.stderr += text)
    child.once("close", (code) => resume(Effect.succeed({ code, ...said })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

const withoutHooks = Effect.map(scratchFolder, (folder) => {
  const path = `${folder}/codex`
  const filter = `[ "$1" = features ] && { "$real" "$@" | sed 's/^\\(hooks .*\\)true *$/\\1false/'; exit; }`
  Fs.writeFileSync(path, `#!/bin/sh\nreal='${codexWrapper}'\n${filter}\nexec "$real" "$@"\n`, { mode: 0o755 })
  return path
})

describe("doctor", () => {
  it.scopedLive("finds everything well, proves the gate, and leaves nothing", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene({ ownProofs: true })
      yield* cli(["trust", "--yes"])
      const text = yield* cli(["doctor"])
      assert.strictEqual(text.code, 0, text.stdout)
      assert.deepStrictEqual(
        text.stdout.split("\n").map((line) => line.slice(0, 24).trimEnd()),
        [...names.map((name) => `ok       ${name}`), "", "Ready.", ""]
      )
      const json = yield* cli(["doctor", "--json"])
      assert.strictEqual(json.code, 0, json.stdout)
      assert.isTrue(reportOf(json).ready)
      assert.deepStrictEqual(reportOf(json).states, Object.fromEntries(names.map((name) => [name, "ok"])))
    }))

  it.scopedLive("tells of a configuration that is not trusted, by its name", () =>
    Effect.gen(function*() {
      const { cli, model } = yield* scene({ ownProofs: true })
      const ended = yield* cli(["doctor", "--json"])
      assert.strictEqual(ended.code, 3)
      assert.deepStrictEqual(reportOf(ended).states, {
        node: "ok",
        git: "ok",
        configuration: "failed",
        codex: "skipped",
        auth: "skipped",
        gate: "skipped",
        sandbox: "skipped"
      })
      assert.match(checkNamed(ended, "configuration").detail, /codex_command, codex_config.*codex-runner trust/)
      assert.deepStrictEqual(yield* model.requests, [])
      const text = yield* cli(["doctor"])
      assert.strictEqual(text.code, 3)
      assert.match(text.stdout, /^FAILED {3}configuration/m)
      assert.match(text.stdout, /^skipped {2}gate +first mend configuration$/m)
      assert.match(text.stdout, /^Not ready\.$/m)
    }))

  it.scopedLive("tells of a folder that is no repository", () =>
    Effect.gen(function*() {
      const { cli } = yield* scene({ ownProofs: true })
      const ended = yield* cli(["doctor", "--json", "--repo", "/"])
      assert.strictEqual(ended.code, 3)
      assert.strictEqual(checkNamed(ended, "repository").state, "failed")
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
      assert.strictEqual(checkNamed(audit, "gate").state, "warning")
    }))

  it.scopedLive.skipIf(!canForbidNamespaces)(
    "tells trouble with the sandbox from trouble with the gate (needs unshare); a run is refused for it",
    () =>
      Effect.gen(function*() {
        const here = yield* scene({ ownProofs: true, tasks: { a: script } })
        yield* here.cli(["trust", "--yes"])
        const ended = yield* inBrokenSandbox(here, ["doctor", "--json"])
        assert.strictEqual(ended.code, 3, ended.stdout)
        assert.strictEqual(checkNamed(ended, "gate").state, "ok", checkNamed(ended, "gate").detail)
        const sandbox = checkNamed(ended, "sandbox")
        assert.strictEqual(sandbox.state, "failed")
        assert.match(sandbox.detail, /an allowed command could not run in Codex's sandbox/)
        assert.match(sandbox.remedy ?? "", /user namespaces/)

        Fs.writeFileSync(`${here.repo.home}/tasks.json`, JSON.stringify([{ task_id: "a", prompt: "Do what a asks." }]))
        const run = yield* inBrokenSandbox(here, ["run", `${here.repo.home}/tasks.json`, "--json"])
        assert.strictEqual(run.code, 3, run.stderr)
        assert.match(
          run.stderr,
          /gate: Denial before execution can't be proven on this Codex: Codex's sandbox did not hold/
        )
        assert.deepStrictEqual(yield* here.model.requests, [])
      })
  )
})

describe("runs verify", () => {
  it.scopedLive("finds a flipped byte in a record, a result and a patch", () =>
    Effect.gen(function*() {
      const { cli, run } = yield* scene({ ownProofs: true, tasks: { a: script } })
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
