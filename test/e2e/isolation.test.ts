import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import * as Reply from "../../src/scripted/Reply.ts"
import { scene } from "./support/scene.ts"
import { command, task } from "./support/script.ts"

/** In the runner's environment: two by their names, one by nothing. */
const secrets = {
  DEPLOY_TOKEN: "hush-a-deploy-token-9f2c",
  OPENAI_API_KEY: "sk-proj-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY",
  PRIVATE_NOTE: "a-note-for-nobody-else"
}

const spy = `import * as fs from "node:fs"
import * as os from "node:os"
const seen = { env: process.env, home: os.homedir(), others: [] }
for (const pid of fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name))) {
  try { seen.others.push(fs.readFileSync("/proc/" + pid + "/environ", "utf8")) } catch {}
}
fs.writeFileSync("src/seen.json", JSON.stringify(seen, null, 1))
fs.writeFileSync(os.homedir() + "/in-home", "x")
fs.writeFileSync(os.tmpdir() + "/in-tmp", "x")
`

const decodeSeen = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({
  env: Schema.Record({ key: Schema.String, value: Schema.String }),
  home: Schema.String
})))

describe("a command of the model's", () => {
  it.scopedLive("sees no secret of the runner's, nor anything else of its environment, in any process", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: { npm: task(command("npm test")), node: task(command("node work.mjs")) },
        files: { "work.mjs": spy },
        config: { command_env: { JAVA_HOME: "/opt/java" } }
      })
      const { code, stderr, task: resultOf } = yield* run({ env: secrets })
      assert.strictEqual(code, 0, stderr)
      for (const id of ["npm", "node"]) {
        assert.deepStrictEqual(resultOf(id).commands_run.map(({ exit_code }) => exit_code), [0])
        const seen = repo.git("show", `${resultOf(id).ref}:src/seen.json`)
        for (const [name, value] of Object.entries(secrets)) {
          assert.notInclude(seen, value, `${id}: the value of ${name}`)
          assert.notInclude(seen, name, id)
        }
        const { env, home } = decodeSeen(seen)
        assert.strictEqual(env["JAVA_HOME"], "/opt/java")
        assert.notStrictEqual(home, repo.home, "a home of its own")
        assert.deepStrictEqual(Object.keys(env).filter((name) => /(_KEY|_SECRET|_TOKEN|_PASSWORD)$/i.test(name)), [])
      }
    }))

  it.scopedLive("that prints secrets: they are masked in everything that is told, and whole in the exact patch", () =>
    Effect.gen(function*() {
      const { DEPLOY_TOKEN } = secrets
      const github = "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY2zA4"
      const { run } = yield* scene({
        tasks: {
          prints: task(
            command("node work.mjs"),
            Reply.message(`I found ${DEPLOY_TOKEN} and ${github}.`)
          )
        },
        files: {
          "work.mjs": `import * as fs from "node:fs"
console.log("${DEPLOY_TOKEN} ${github}")
console.error("AWS_SECRET_ACCESS_KEY=abcdefghijklmnop1234567890ABCDEFGHIJKLMN")
fs.writeFileSync("src/leak.txt", "${DEPLOY_TOKEN}\\n${github}\\n")
`
        }
      })
      const { code, stderr, stdout, task: resultOf } = yield* run({ env: secrets })
      assert.strictEqual(code, 0, stderr)
      for (const secret of [DEPLOY_TOKEN, github, "abcdefghijklmnop1234567890ABCDEFGHIJKLMN"]) {
        assert.notInclude(stdout, secret)
        assert.notInclude(stderr, secret)
      }
      const { patch, patch_path, summary } = resultOf("prints")
      assert.include(summary, "[redacted:github-token]")
      assert.include(patch, "[redacted:github-token]")
      assert.include(Fs.readFileSync(patch_path ?? "", "utf8"), `+${DEPLOY_TOKEN}\n+${github}\n`)
    }))

  for (const [network_policy, expected] of [["deny", "none"], ["allow", "reached"]] as const) {
    it.scopedLive(`network_policy ${network_policy}: the network is ${expected}`, () =>
      Effect.gen(function*() {
        const { model, repo, run } = yield* scene({
          tasks: { net: task(command("node work.mjs")) },
          config: { network_policy }
        })
        repo.commit({
          "work.mjs": `import * as fs from "node:fs"
const tried = await fetch("${model.url}").then(() => "reached", () => "none")
fs.writeFileSync("src/net.txt", tried)
`
        })
        const { code, stderr, task: resultOf } = yield* run()
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(repo.git("show", `${resultOf("net").ref}:src/net.txt`), expected)
      }))
  }

  it.scopedLive("can write nowhere but in its worktree, its home and its temp folder", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({ tasks: { writes: task(command("node work.mjs")) } })
      const places = [
        "/tmp/codex-runner-e2e-escape",
        "/etc/codex-runner-e2e-escape",
        `${repo.root}/escape`,
        `${repo.root}/.git/escape`,
        `${repo.home}/escape`,
        ".git/escape",
        ".codex/escape",
        "../escape"
      ]
      repo.commit({
        "work.mjs": `import * as fs from "node:fs"
const wrote = ${JSON.stringify(places)}.filter((place) => {
  try { fs.writeFileSync(place, "x"); return true } catch { return false }
})
fs.writeFileSync("src/wrote.json", JSON.stringify(wrote))
`
      })
      const { code, stderr, task: resultOf } = yield* run()
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(repo.git("show", `${resultOf("writes").ref}:src/wrote.json`), "[]")
      for (const place of places.filter((one) => one.startsWith("/"))) assert.isFalse(Fs.existsSync(place), place)
    }))

  it.scopedLive("can't lead astray what Codex keeps in a temp folder for its sandboxes", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* scene({
        tasks: { swaps: task(command("node work.mjs"), command("ls src")) }
      })
      // A name that could be a process's: Codex deletes what is left of those that are gone.
      Fs.mkdirSync(`${repo.home}/precious`)
      Fs.writeFileSync(`${repo.home}/precious/4194000`, "kept\n")
      repo.commit({
        "work.mjs": `import * as fs from "node:fs"
import * as os from "node:os"
const [tmp, moved] = [os.tmpdir(), os.homedir() + "/moved"]
const found = fs.readdirSync(tmp)
fs.renameSync(tmp, moved)
fs.mkdirSync(tmp)
for (const folder of found) {
  fs.mkdirSync(tmp + "/" + folder)
  for (const one of fs.readdirSync(moved + "/" + folder).filter((name) => name !== "lock")) {
    fs.symlinkSync("${repo.home}/precious", tmp + "/" + folder + "/" + one)
  }
}
fs.writeFileSync("src/found.json", JSON.stringify(found))
`
      })
      const { code, stderr, task: resultOf } = yield* run()
      assert.strictEqual(code, 0, stderr)
      assert.deepStrictEqual(Fs.readdirSync(`${repo.home}/precious`), ["4194000"])
      assert.strictEqual(repo.git("show", `${resultOf("swaps").ref}:src/found.json`), "[]")
      assert.deepStrictEqual(resultOf("swaps").commands_run.map(({ exit_code }) => exit_code), [0, 0])
    }))
})
