import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { codexWrapper, scene } from "./support/scene.ts"
import { addFile, command, task } from "./support/script.ts"

/** Each is another one, so that a leak says where it came from. */
const credentials = {
  ".ssh/id_ed25519": "canary-ssh",
  ".aws/credentials": "canary-aws",
  ".netrc": "canary-netrc",
  ".config/gh/hosts.yml": "canary-gh",
  ".docker/config.json": "canary-docker",
  ".codex/auth.json": "canary-codex",
  ".mozilla/firefox/x.default/logins.json": "canary-firefox"
}

/** Tries to read the files it is given, and what processes have in their environment; writes down what it got. */
const readAll = (files: ReadonlyArray<string>) =>
  `import { readdirSync, readFileSync, writeFileSync } from "node:fs"
const read = (file) => { try { return readFileSync(file, "latin1") } catch { return null } }
const list = (folder) => { try { return readdirSync(folder) } catch { return [] } }
const files = ${JSON.stringify(files)}
const texts = Object.fromEntries(files.map((file) => [file, read(file) ?? list(file).join()]))
const processes = list("/proc").filter((name) => /^\\d+$/.test(name))
const environ = processes.map((id) => (read("/proc/" + id + "/environ") ?? "") + (read("/proc/" + id + "/cmdline") ?? "")).join()
writeFileSync("src/seen.txt", Buffer.from(JSON.stringify({ texts, environ })).toString("hex"))
console.log("looked")
`

const Seen = Schema.parseJson(Schema.Struct({
  texts: Schema.Record({ key: Schema.String, value: Schema.String }),
  environ: Schema.String
}))

const seenIn = (patchPath: string | null) => {
  const hex = /^\+([0-9a-f]+)$/m.exec(Fs.readFileSync(patchPath ?? "", "utf8"))?.[1] ?? ""
  return Schema.decodeUnknownSync(Seen)(Buffer.from(hex, "hex").toString())
}

describe("what an allowed program can read", () => {
  for (const model of ["gpt-5.5", "gpt-6-sol"] as const) {
    it.scopedLive(`${model}: no credentials, nothing of codex-runner's, no other process`, () =>
      Effect.gen(function*() {
        const outside = yield* scratchFolder
        writeFiles(outside, { "plain.txt": "canary-plain", "somewhere/kubeconfig": "canary-kube" })
        const [plain, kubeconfig] = [`${outside}/plain.txt`, `${outside}/somewhere/kubeconfig`]
        const { repo, run } = yield* scene({ tasks: { look: task(command("npm test")) }, model })
        writeFiles(repo.home, credentials)
        const env = { CODEX_API_KEY: "canary-api-key-of-codex", KUBECONFIG: kubeconfig }
        const earlier = (yield* run({ env })).task("look")

        const state = `${repo.home}/state/codex-runner`
        const files = [
          ...Object.keys(credentials).map((name) => `${repo.home}/${name}`),
          kubeconfig,
          `${state}/signing-key.pem`,
          `${earlier.log_dir}/events.jsonl`,
          `${earlier.log_dir}/gate.jsonl`,
          `${repo.home}/.ssh`
        ]
        for (const file of files) assert.isTrue(Fs.existsSync(file), file)
        repo.commit({ "work.mjs": readAll([...files, state, plain]) })
        const { code, stderr, task: resultOf } = yield* run({ env })
        assert.strictEqual(code, 0, stderr)
        const look = resultOf("look")
        assert.deepStrictEqual([look.reads, look.enforcement, look.denied], ["confined", "pre-execution", []])
        const { environ, texts } = seenIn(look.patch_path)
        assert.strictEqual(texts[plain], "canary-plain")
        for (const file of files) assert.strictEqual(texts[file], "", file)
        assert.notMatch(texts[state] ?? "", /signing-key|codex\b/)
        assert.notInclude(environ, "canary")
        assert.include(environ, "work.mjs")
        assert.notInclude(look.notes_for_manager, "could read")
      }))
  }

  it.scopedLive("in a read-only sandbox, or with a Codex that has no permission profiles: all, and the result says so", () =>
    Effect.gen(function*() {
      const codex = yield* withoutProfiles
      const tasks = { look: task(command("npm test"), addFile("src/new.txt", "new")) }
      const old = yield* scene({ tasks, ownProofs: true, config: { codex_command: codex } })
      const { code, stderr, task: resultOf } = yield* old.run()
      assert.strictEqual(code, 0, stderr)
      const look = resultOf("look")
      assert.deepStrictEqual([look.reads, look.enforcement, look.status], ["open", "pre-execution", "success"])
      assert.include(look.notes_for_manager, "could read whatever you can")
      yield* old.cli(["trust", "--yes"])
      const ready = yield* old.cli(["doctor"])
      assert.strictEqual(ready.code, 0, ready.stdout)
      assert.match(ready.stdout, /^warning {2}reads +open: .*default_permissions/m)

      const readOnly = yield* scene({ tasks: { look: task(command("npm test")) }, config: { codex_full_auto: false } })
      const second = yield* readOnly.run()
      assert.strictEqual(second.task("look").reads, "open", second.stderr)
    }))
})

/** A Codex that knows no permission profiles, and says so as one does. */
const withoutProfiles = Effect.map(scratchFolder, (folder) => {
  const path = `${folder}/codex`
  const refuse = `case "$*" in *default_permissions*) ` +
    `echo 'Error loading config.toml: unknown configuration field default_permissions' >&2; exit 1;; esac`
  Fs.writeFileSync(path, `#!/bin/sh\n${refuse}\nexec '${codexWrapper}' "$@"\n`, { mode: 0o755 })
  return path
})
