import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { version } from "../../src/version.ts"
import { cleanEnv, plainGit, scratchFolder } from "../support/GitRepo.ts"
import { toEnd } from "../support/program.ts"
import { initialize, startServer } from "./support/mcp.ts"
import { start } from "./support/program.ts"
import { codexWrapper } from "./support/scene.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const quiet = ["--ignore-scripts", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]

const npm = (cwd: string, env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.map(toEnd("npm", [...args, ...quiet], { cwd, env }), ({ code, stderr, stdout }) => {
    assert.strictEqual(code, 0, `npm ${args.join(" ")}: ${stderr}`)
    return stdout
  })

const decodePacked = Schema.decodeUnknownSync(
  Schema.parseJson(Schema.Tuple(Schema.Struct({ filename: Schema.String })))
)
const decodeManifest = Schema.decodeUnknownSync(
  Schema.parseJson(Schema.Struct({ dependencies: Schema.Record({ key: Schema.String, value: Schema.String }) }))
)

/** An empty project with the package as npm would publish it, and its dependencies from here: no registry is needed. */
const installed = Effect.gen(function*() {
  const home = yield* scratchFolder
  const env = { ...cleanEnv(home), NPM_CONFIG_USERCONFIG: "/dev/null" }
  const [{ filename }] = decodePacked(yield* npm(root, env, "pack", "--json", "--pack-destination", home))
  const app = `${home}/app`
  Fs.mkdirSync(app)
  Fs.writeFileSync(`${app}/package.json`, `{"name":"app","private":true,"type":"module"}`)
  const { dependencies } = decodeManifest(Fs.readFileSync(`${root}/package.json`, "utf8"))
  const folders = Object.keys(dependencies).map((name) => `${root}/node_modules/${name}`)
  yield* npm(app, env, "install", `${home}/${filename}`, ...folders)
  return { app, env, dependencies: Object.keys(dependencies) }
})

const run = (cwd: string, env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.map(
    toEnd(process.execPath, args, { cwd, env }),
    ({ code, stderr, stdout }) => ({ code, stderr, stdout })
  )

/** A program that uses the library, as its author writes it. */
const consumer = `import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CodexRunner, Host, RunnerConfig, type RunResult, SecurityPolicy, shippedStages, TaskId } from "codex-mcp-runner"
import { layerScriptedCodex, writes } from "codex-mcp-runner/testing"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const policy = Layer.effect(
  SecurityPolicy,
  Effect.map(SecurityPolicy, (ours) => SecurityPolicy.of({ ...ours, isDisposable: () => () => false }))
)

const runner = CodexRunner.layerStages.pipe(
  Layer.provide(Layer.merge(policy, layerScriptedCodex(writes({ "README.md": "# Read me\\n" })))),
  Layer.provide(shippedStages),
  Layer.provide(Layer.succeed(Host, { directory: process.cwd(), env: process.env })),
  Layer.provide(RunnerConfig.layerValue({ default_allowed_paths: ["README.md"] })),
  Layer.provide(NodeContext.layer)
)

const told = ({ results }: RunResult): string => results.map((task) => \`\${task.task_id} \${task.status}\`).join()

CodexRunner.run({ tasks: [{ task_id: TaskId.make("readme"), prompt: "Describe it." }] }).pipe(
  Effect.flatMap((result) => Console.log(told(result))),
  Effect.provide(runner),
  NodeRuntime.runMain
)
`

describe("the packed package", () => {
  it.scopedLive("installs into an empty project, and its programs run there on their own", () =>
    Effect.gen(function*() {
      const { app, dependencies, env } = yield* installed
      // The program is to do without them.
      for (const name of dependencies) Fs.rmSync(`${app}/node_modules/${name}`, { recursive: true })

      const bin = `${app}/node_modules/.bin/codex-runner`
      const cli = (...args: ReadonlyArray<string>) =>
        Effect.flatMap(
          start({ args, bin, cwd: app, env: { ...env, PATH: `${Path.dirname(codexWrapper)}:${process.env["PATH"]}` } }),
          (program) => program.ended
        )
      assert.deepStrictEqual(yield* cli("--version"), { code: 0, stdout: `${version}\n`, stderr: "" })
      const server = yield* startServer({ bin: `${app}/node_modules/.bin/codex-mcp-runner`, cwd: app, env })
      server.send(initialize(1))
      server.send({ id: 2, method: "tools/call", params: { name: "list_runs" } })
      assert.property(yield* server.reply(1), "result")
      // No repository here: the engine is there to say so.
      assert.include(JSON.stringify(yield* server.reply(2)), "is no git repository")
      const demo = yield* cli("demo")
      assert.strictEqual(demo.code, 0, demo.stderr)
      assert.lengthOf(demo.stdout.match(/^diff --git /gm) ?? [], 6)
      assert.isTrue(Fs.existsSync(`${app}/node_modules/codex-mcp-runner/dist/THIRD-PARTY-LICENSES.txt`))
    }))

  it.scopedLive("is a library for a strict program, on TypeScript 5.9 and 7, every declaration checked", () =>
    Effect.gen(function*() {
      const { app, env } = yield* installed
      // Without its peers it says which is missing.
      const alone = yield* run(app, env, "--input-type=module", "--eval", "await import('codex-mcp-runner')")
      assert.match(alone.stderr, /Cannot find package '(effect|@effect\/platform)' imported from .*codex-mcp-runner/)

      for (const name of ["effect", "@effect", "@types"]) {
        Fs.symlinkSync(`${root}/node_modules/${name}`, `${app}/node_modules/${name}`)
      }
      Fs.writeFileSync(`${app}/main.ts`, consumer)
      Fs.writeFileSync(
        `${app}/tsconfig.json`,
        JSON.stringify({
          compilerOptions: {
            target: "ES2022",
            module: "NodeNext",
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            skipLibCheck: false,
            types: ["node"]
          }
        })
      )
      for (const compiler of ["typescript5/bin/tsc", "typescript/bin/tsc"]) {
        const compiled = yield* run(app, env, `${root}/node_modules/${compiler}`, "--pretty", "false")
        assert.deepStrictEqual(compiled, { code: 0, stderr: "", stdout: "" }, compiler)
      }
      plainGit(app, env, "init", "-q", "-b", "main")
      plainGit(app, env, "add", "package.json")
      plainGit(app, env, "commit", "-q", "-m", "first")
      assert.deepStrictEqual(yield* run(app, env, "main.js"), { code: 0, stderr: "", stdout: "readme success\n" })
    }))
})
