/** What proves the gate again and again: each proof is a session of the real Codex. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { fakeUnshare, hasNamespaces, withoutSandbox } from "../support/containment.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { toEnd } from "../support/program.ts"
import { checkNamed } from "./support/doctor.ts"
import { builtBin } from "./support/program.ts"
import { codexWrapper, type Scene, scene } from "./support/scene.ts"
import { addFile, command, task, wellBehaved } from "./support/script.ts"
import { stateOf, tmpOf } from "./support/untouched.ts"

/** A forbidden command between two allowed things. */
const script = task(addFile("src/new.txt", "new"), command("touch src/evil"), command("npm test"))

const cacheOf = (repo: Parameters<typeof stateOf>[0]): string => `${stateOf(repo)}/codex`

const fileIn = (folder: string, start: string): string => {
  const name = Fs.readdirSync(folder).find((file) => file.startsWith(start))
  if (name === undefined) throw new Error(`no ${start}… in ${folder}`)
  return `${folder}/${name}`
}

const newestIn = (folder: string, start: string): string => {
  const files = Fs.readdirSync(folder).filter((file) => file.startsWith(start)).map((file) => `${folder}/${file}`)
  const [newest] = files.sort((a, b) => Fs.statSync(b).mtimeMs - Fs.statSync(a).mtimeMs)
  if (newest === undefined) throw new Error(`no ${start}… in ${folder}`)
  return newest
}

/** Where no user namespace can be made, Codex's sandbox can't be either. */
const withoutNamespaces = ["-Ur", "sh", "-c", "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"", "sh"]
const canForbidNamespaces = spawnSync("unshare", [...withoutNamespaces, "true"]).status === 0

const inBrokenSandbox = ({ model, repo }: Scene, args: ReadonlyArray<string>) =>
  toEnd("unshare", [...withoutNamespaces, process.execPath, builtBin, ...args], {
    cwd: repo.root,
    env: { ...repo.env, TMPDIR: tmpOf(repo), TERM: "dumb", ...model.codexEnvironment }
  })

describe("a proof", () => {
  it.scopedLive("is made once by runners that start together", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      const codex = `${folder}/codex`
      const note = `[ "$1" = exec ] && echo exec >> '${folder}/sessions'`
      Fs.writeFileSync(codex, `#!/bin/sh\n${note}\nexec '${codexWrapper}' "$@"\n`, { mode: 0o755 })
      const { cli } = yield* scene({ ownProofs: true, tasks: { a: script }, config: { codex_command: codex } })
      yield* cli(["trust", "--yes"])
      const stdin = JSON.stringify([{ task_id: "a", prompt: "a" }])
      const dryRun = cli(["run", "--dry-run", "-"], { stdin, unchecked: true })
      const ended = yield* Effect.all([dryRun, dryRun, dryRun], { concurrency: "unbounded" })
      for (const { code, stderr } of ended) assert.strictEqual(code, 0, stderr)
      // One session for each of the ways in which a model can call its tools.
      assert.strictEqual(Fs.readFileSync(`${folder}/sessions`, "utf8"), "exec\nexec\n")
    }))

  it.scopedLive("a gate or a proof that was tampered with is set right before it is relied on", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({ ownProofs: true, tasks: { a: script } })
      const assertHeld = Effect.gen(function*() {
        const { code, stderr, task: resultOf } = yield* run({ args: ["--trust-config"] })
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(resultOf("a").enforcement, "pre-execution")
        assert.deepStrictEqual(resultOf("a").denied.map(({ what }) => what), ["touch src/evil"])
        assert.deepStrictEqual(resultOf("a").files_changed, ["src/new.txt"])
      })
      yield* assertHeld
      const cache = cacheOf(repo)
      const gate = `${fileIn(cache, "gate-")}/hook.cjs`
      const program = Fs.readFileSync(gate, "utf8")

      // A program that allows everything.
      Fs.rmSync(gate)
      Fs.writeFileSync(gate, "process.exitCode = 42\n")
      yield* assertHeld
      assert.strictEqual(Fs.readFileSync(gate, "utf8"), program)

      // The proof that counts now is of the program as it was set right.
      const proof = newestIn(cache, "proof-")
      const known = Fs.readFileSync(proof, "utf8")
      // A hash by which Codex would skip the hook without a word.
      const wrong = known.replace(/sha256:./, "sha256:_")
      assert.notStrictEqual(wrong, known)
      Fs.writeFileSync(proof, wrong)
      yield* assertHeld
      assert.include(Fs.readFileSync(proof, "utf8"), /sha256:\w+/.exec(known)?.[0] ?? "no hash")

      Fs.writeFileSync(proof, "{")
      yield* assertHeld
      assert.deepStrictEqual(
        Fs.readdirSync(cache).filter((name) => !/\.json$|^gate-\w+$|^probe-home$|^proof\.lock$/.test(name)),
        []
      )
    }))

  it.scopedLive.skipIf(!hasNamespaces)(
    "holds Codex by its group alone where its sandbox does not work in a namespace; doctor says so",
    () =>
      Effect.gen(function*() {
        const folder = fakeUnshare(`${yield* scratchFolder}/bin`, withoutSandbox)
        const { cli, run } = yield* scene({ tasks: { plain: wellBehaved("plain") }, ownProofs: true })
        const env = { PATH: `${folder}:${process.env["PATH"]}` }
        yield* cli(["trust", "--yes"])
        const { code, stdout } = yield* cli(["doctor"], { env })
        assert.strictEqual(code, 0, stdout)
        assert.match(stdout, /^ok +sandbox +holds/m)
        assert.match(
          stdout,
          /^warning +processes +in process groups only, because Codex does not hold in a PID namespace \(.+\)$/m
        )
        const { task: resultOf } = yield* run({ env })
        assert.strictEqual(resultOf("plain").status, "success")
        assert.strictEqual(resultOf("plain").enforcement, "pre-execution")
      })
  )

  it.scopedLive.skipIf(!canForbidNamespaces)(
    "tells trouble with the sandbox from trouble with the gate (needs unshare); a run is refused for it, proven or not before",
    () =>
      Effect.gen(function*() {
        const here = yield* scene({ ownProofs: true, tasks: { a: script } })
        yield* here.cli(["trust", "--yes"])
        // Proven and kept, on the machine as it was.
        assert.strictEqual((yield* here.run()).code, 0)
        const before = (yield* here.model.requests).length
        const ended = yield* inBrokenSandbox(here, ["doctor", "--json"])
        assert.strictEqual(ended.code, 3, ended.stdout)
        assert.strictEqual(checkNamed(ended, "gate").state, "ok", checkNamed(ended, "gate").detail)
        const sandbox = checkNamed(ended, "sandbox")
        assert.strictEqual(sandbox.state, "failed")
        assert.match(sandbox.detail, /an allowed command could not run in Codex's sandbox/)
        assert.match(sandbox.remedy ?? "", /user namespaces/)

        const run = yield* inBrokenSandbox(here, ["run", `${here.repo.home}/tasks.json`, "--json"])
        assert.strictEqual(run.code, 3, run.stderr)
        assert.match(
          run.stderr,
          /gate: Denial before execution can't be proven on this Codex: Codex's sandbox did not hold/
        )
        assert.strictEqual((yield* here.model.requests).length, before)
      })
  )
})
