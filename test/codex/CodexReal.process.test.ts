/** The real Codex CLI behind the runner, with a model that follows a script: what it accepts, and what its commands can do. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Path from "node:path"
import { CodexRunner } from "../../src/CodexRunner.ts"
import type { RunnerConfigInput } from "../../src/config/RunnerConfig.ts"
import type { RunEvent } from "../../src/domain/RunEvent.ts"
import { type RunRequest, TaskId } from "../../src/domain/Task.ts"
import { makeScriptedModel, Reply, type Script, steps } from "../../src/testing.ts"
import { appears, leftovers, requestFor, shippedRunner, stateOf, unlessOver, worktreesOf } from "../run/pipeline.ts"
import { type GitRepo, gitRepo } from "../support/GitRepo.ts"
import { realCodex } from "./fakeCodex.ts"

/** A classic model, and one in Code Mode. */
const models = ["gpt-5.5", "gpt-6-sol"] as const

interface Options {
  readonly model: (typeof models)[number]
  readonly request?: RunRequest
  readonly config?: RunnerConfigInput
  readonly env?: Readonly<Record<string, string>>
  readonly watch?: (event: RunEvent) => Effect.Effect<void>
}

const runReal = (repo: GitRepo, script: Script, options: Options) =>
  Effect.gen(function*() {
    const model = yield* makeScriptedModel(script)
    const result = yield* Effect.flatMap(CodexRunner, (runner) =>
      runner.run(options.request ?? requestFor(["a"]), options.watch)).pipe(
        Effect.provide(shippedRunner(repo, {
          config: {
            codex_command: realCodex(),
            codex_model: options.model,
            codex_config: [...model.codexConfig],
            ...options.config
          },
          env: { ...repo.env, ...model.codexEnvironment, ...options.env }
        }))
      )
    return { result, requests: yield* model.requests }
  })

describe("the command line", () => {
  for (const model of models) {
    it.scopedLive(`${model}: every prompt arrives as it was written`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo()
        const prompts = [
          "-",
          "--help",
          "resume",
          "review",
          "-m evil",
          "fix «ü»\n\n- this\n- that",
          `${"long ".repeat(30_000)}end`
        ]
        const request = {
          concurrency: 2,
          tasks: prompts.map((prompt, index) => ({ task_id: TaskId.make(`t${index}`), prompt }))
        }
        const { requests, result } = yield* runReal(repo, steps(Reply.message("done")), { model, request })
        assert.deepStrictEqual(result.results.map((task) => task.error), prompts.map(() => null))
        assert.sameMembers(requests.map(({ turn }) => turn.prompt), prompts)
      }))

    it.scopedLive(`${model}: the policy is told, no tool is offered that the runner doesn't know`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo()
        const { requests, result } = yield* runReal(repo, steps(Reply.message("done")), { model })
        assert.strictEqual(result.results[0]?.status, "success", result.results[0]?.error?.message)
        const [first] = requests
        const told = first?.turn.developerTexts.join("\n")
        assert.include(told, "Change only files that match one of these globs: src/**, tests/**, package.json.")
        assert.include(told, "npm test; npm run lint; npx tsc --noEmit")
        for (const tool of ["view_image", "web_search", "spawn_agent", "create_goal"]) {
          assert.isFalse(
            first?.turn.tools.some((name) => name.includes(tool)),
            `${tool} in ${first?.turn.tools.join()}`
          )
        }
      }))
  }
})

/** Run by the model as an allowed command: says what it can do. */
const probe = `import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
const [, , port] = process.argv
const attempt = (work) => { try { work(); return "ok" } catch (error) { return error.code } }
const write = (folder) => attempt(() => fs.writeFileSync(folder + "/probe-" + process.pid, "x"))
const connect = () => new Promise((resolve) => {
  const socket = net.connect({ host: "127.0.0.1", port: Number(port) })
  socket.once("connect", () => { socket.destroy(); resolve("ok") })
  socket.once("error", (error) => resolve(error.code))
})
const gitdir = fs.readFileSync(".git", "utf8").replace("gitdir: ", "").trim()
const main = gitdir.replace(/\\/worktrees\\/.*/, "")
fs.writeFileSync("src/said.json", JSON.stringify({
  env: process.env,
  cwd: process.cwd(),
  writes: {
    worktree: write("."),
    home: write(process.env.HOME),
    tmpdir: write(process.env.TMPDIR),
    osTmpdir: os.tmpdir() === process.env.TMPDIR,
    tmp: write("/tmp"),
    varTmp: write("/var/tmp"),
    gitdir: write(gitdir),
    main: write(main),
    mainHooks: write(main + "/hooks"),
    mainObjects: write(main + "/objects"),
    checkout: write(main + "/.."),
    besideWorktree: write(".."),
    besideHome: write(process.env.HOME + "/..")
  },
  network: await connect()
}))
fs.rmSync("probe-" + process.pid, { force: true })
`

const Said = Schema.parseJson(Schema.Struct({
  env: Schema.Record({ key: Schema.String, value: Schema.String }),
  cwd: Schema.String,
  writes: Schema.Record({ key: Schema.String, value: Schema.Union(Schema.String, Schema.Boolean) }),
  network: Schema.String
}))

/** A server on loopback that a command may try to reach. */
const listening = Effect.map(
  Effect.acquireRelease(
    Effect.async<Net.Server>((resume) => {
      const server = Http.createServer((_request, response) => void response.end())
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  ),
  (server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }
)

const probed = (options: Options) =>
  Effect.gen(function*() {
    const repo = yield* gitRepo({ files: { "probe.mjs": probe, "src/a.ts": "a\n" } })
    const port = yield* listening
    const script = steps(Reply.calls([Reply.command(`node probe.mjs ${port}`)]), Reply.message("done"))
    const { result } = yield* runReal(repo, script, {
      ...options,
      config: { allowed_commands: ["node probe.mjs"], ...options.config }
    })
    const [task] = result.results
    assert.strictEqual(task?.status, "success", task?.error?.message)
    return { repo, task, said: Schema.decodeUnknownSync(Said)(repo.git("show", `${task?.ref}:src/said.json`)) }
  })

describe("the model's commands", () => {
  for (const model of models) {
    it.scopedLive(`${model}: can write to the worktree and to folders of their own, and nowhere else`, () =>
      Effect.gen(function*() {
        const { repo, said, task } = yield* probed({ model })
        assert.strictEqual(said.cwd, task?.workspace_path)
        const { home, osTmpdir, tmpdir, worktree, ...elsewhere } = said.writes
        assert.deepStrictEqual({ home, osTmpdir, tmpdir, worktree }, {
          home: "ok",
          osTmpdir: true,
          tmpdir: "ok",
          worktree: "ok"
        })
        for (const [place, outcome] of Object.entries(elsewhere)) assert.strictEqual(outcome, "EROFS", place)
        assert.deepStrictEqual(leftovers(repo), [])
        assert.deepStrictEqual(worktreesOf(repo), [repo.root])
      }))

    it.scopedLive(`${model}: have an environment without secrets, and a home and a temp folder of the task's`, () =>
      Effect.gen(function*() {
        const secrets = {
          CODEX_API_KEY: "sk-own",
          OPENAI_API_KEY: "sk-other",
          AWS_SECRET_ACCESS_KEY: "aws",
          GITHUB_TOKEN: "gh",
          DB_PASSWORD: "db",
          PLAIN: "not a secret, but not asked for"
        }
        const { repo, said } = yield* probed({
          model,
          env: secrets,
          config: { command_env: { JAVA_HOME: "/opt/java" }, env_passthrough: ["GITHUB_TOKEN"] }
        })
        for (const name of Object.keys(secrets)) assert.notProperty(said.env, name)
        for (const value of Object.values(secrets)) assert.notInclude(Object.values(said.env), value)
        assert.strictEqual(said.env["JAVA_HOME"], "/opt/java")
        assert.isTrue(said.env["HOME"]?.startsWith(`${repo.home}/state/`))
        assert.isTrue(said.env["TMPDIR"]?.startsWith(`${repo.home}/state/`))
        assert.strictEqual(said.env["GIT_CONFIG_GLOBAL"], "/dev/null")
      }))

    it.scopedLive(`${model}: reach the network only where the policy allows it`, () =>
      Effect.gen(function*() {
        const denied = yield* probed({ model })
        assert.notStrictEqual(denied.said.network, "ok")
        const allowed = yield* probed({ model, config: { network_policy: "allow" } })
        assert.strictEqual(allowed.said.network, "ok")
      }))
  }

  it.scopedLive("can write nowhere at all in a read-only sandbox", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({
        files: {
          "src/a.ts": "a\n",
          "touch.mjs":
            "import * as fs from 'node:fs'; try { fs.writeFileSync('src/x', 'x') } catch ({ code }) { console.log(code) }"
        }
      })
      const outputs: Array<string> = []
      const script: Script = (turn) => {
        outputs.push(...turn.outputs)
        return turn.step === 0 ? Reply.calls([Reply.command("node touch.mjs")]) : Reply.message("done")
      }
      const { result } = yield* runReal(repo, script, {
        model: "gpt-5.5",
        config: { allowed_commands: ["node touch.mjs"], codex_full_auto: false }
      })
      assert.include(outputs.join("\n"), "EROFS")
      assert.deepStrictEqual(result.results[0]?.files_changed, [])
      assert.strictEqual(result.results[0]?.status, "success")
    }))
})

/** Processes with this in their command line. */
const running = (text: string): ReadonlyArray<string> =>
  Fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const line = Fs.readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")
      return line.includes(text) ? [line] : []
    } catch {
      return []
    }
  })

describe("ending the real Codex in the middle of a command", () => {
  for (const sandbox_mode of ["workspace-write", "danger-full-access"] as const) {
    it.scopedLive(`${sandbox_mode}: leaves no process, and keeps what was done`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo({
          files: {
            "src/a.ts": "a\n",
            "wait.mjs":
              "import * as fs from 'node:fs'; fs.writeFileSync('x', 'x'); fs.renameSync('x', 'src/x'); setInterval(() => {}, 1000)"
          }
        })
        const unique = `--of=${repo.home}`
        const begun = yield* Deferred.make<void>()
        const script = steps(Reply.calls([Reply.command(`node wait.mjs ${unique}`)]), Reply.message("done"))
        const fiber = yield* Effect.fork(runReal(repo, script, {
          model: "gpt-5.5",
          request: requestFor(["a"], { run_id: "r" }),
          config: { allowed_commands: ["node wait.mjs"], sandbox_mode },
          watch: (event) =>
            event._tag === "TaskCodexEvent" && event.event.type === "item.started" &&
              event.event.item.type === "command_execution"
              ? Deferred.succeed(begun, undefined)
              : Effect.void
        }))
        yield* unlessOver(fiber, Deferred.await(begun))
        yield* unlessOver(fiber, appears(Path.join(stateOf(repo), "worktrees/r/r-a/src"), "x"))
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(running(unique), [])
        assert.strictEqual(repo.git("show", "refs/codex-runner/r/a:src/x"), "x")
        assert.deepStrictEqual(worktreesOf(repo), [repo.root])
        assert.deepStrictEqual(leftovers(repo), [])
      }))
  }
})
