/** A repository, and the built program run on it, as a user without privileges: for tests that run as root. */
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import type { RunnerConfigInput } from "../../src/config/RunnerConfig.ts"
import type { Script } from "../../src/scripted/Script.ts"
import * as ScriptedModel from "../../src/scripted/ScriptedModel.ts"
import type { Ended } from "../e2e/support/program.ts"
import { cleanEnv, type Files, plainGit, writeFiles } from "../support/GitRepo.ts"

const uid = 65534

const become = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"] as const

/** Only root can become another user, and only where there is a tool for it. */
export const isRoot = process.getuid?.() === 0 && spawnSync(become[0], [...become.slice(1), "true"]).status === 0

const [setpriv, ...flags] = become

/** Runs a program as that user; throws unless it exits 0. */
export const asNobody = (command: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): string => {
  const end = spawnSync(setpriv, [...flags, ...command], {
    cwd: "/",
    env: { PATH: process.env["PATH"], ...env },
    encoding: "utf8"
  })
  if (end.status !== 0) throw new Error(`${command.join(" ")}: exit ${end.status}: ${end.stderr}`)
  return end.stdout
}

const dist = fileURLToPath(new URL("../../dist", import.meta.url))
const wrapper = fileURLToPath(new URL("../../node_modules/.bin/codex", import.meta.url))

const mayRun = (file: string): boolean => spawnSync(setpriv, [...flags, "test", "-x", file]).status === 0

/** Outside the temp folders, and open to everybody: a home of root's is not. */
const sharedFolder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = Fs.mkdtempSync("/var/lib/codex-runner-test-")
    Fs.chmodSync(folder, 0o755)
    return folder
  }),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
)

export interface SharedScene {
  /** Owned by the user: HOME, the state folder and the repository lie in it. */
  readonly home: string
  readonly model: ScriptedModel.ScriptedModel
  /** The program with any arguments; `meanwhile` is done while it runs, and given its pid. */
  readonly cli: (
    args: ReadonlyArray<string>,
    meanwhile?: (pid: number) => Effect.Effect<void>
  ) => Effect.Effect<Ended>
}

/** One task, `hostile`, with what the model does about it. */
export const sharedScene = (options: {
  readonly script: Script
  readonly files: Files
  readonly model: string
  readonly config?: RunnerConfigInput
}) =>
  Effect.gen(function*() {
    const folder = yield* sharedFolder
    const model = yield* ScriptedModel.make(options.script)
    const home = `${folder}/home`
    const repo = `${home}/repo`
    const env = { ...cleanEnv(home), TERM: "dumb", ...model.codexEnvironment }
    Fs.cpSync(`${dist}/bin`, `${folder}/dist/bin`, { recursive: true })
    Fs.cpSync(`${dist}/gate`, `${folder}/dist/gate`, { recursive: true })
    const codex = mayRun(wrapper) ? wrapper : copyOfCodex(folder)
    writeFiles(repo, {
      ...options.files,
      ".mcp-codex.json": JSON.stringify({
        codex_command: codex,
        codex_config: model.codexConfig,
        codex_model: options.model,
        allowed_commands: ["npm test", "node work.mjs"],
        ...options.config
      })
    })
    writeFiles(home, { "tasks.json": JSON.stringify([{ task_id: "hostile", prompt: "Do harm." }]) })
    plainGit(repo, env, "init", "-q", "-b", "main")
    plainGit(repo, env, "add", "-A")
    plainGit(repo, env, "commit", "-q", "-m", "base")
    spawnSync("chown", ["-R", "-h", `${uid}:${uid}`, home])
    const cli: SharedScene["cli"] = (args, meanwhile = () => Effect.void) =>
      Effect.async<Ended>((resume) => {
        const child = spawn(setpriv, [
          ...flags,
          process.execPath,
          `${folder}/dist/bin/codex-runner.mjs`,
          ...args.map((arg) => arg === "tasks.json" ? `${home}/${arg}` : arg)
        ], { cwd: repo, env, stdio: ["ignore", "pipe", "pipe"] })
        const said = { stdout: "", stderr: "" }
        child.stdout.setEncoding("utf8").on("data", (text: string) => said.stdout += text)
        child.stderr.setEncoding("utf8").on("data", (text: string) => said.stderr += text)
        child.once("close", (code) => resume(Effect.succeed({ code, ...said })))
        Effect.runFork(meanwhile(child.pid ?? 0))
        return Effect.sync(() => void child.kill("SIGTERM"))
      })
    return { home, model, cli } satisfies SharedScene
  })

/** The native binary and what lies beside it, linked to where everybody may go. */
const copyOfCodex = (folder: string): string => {
  const system = `codex-${process.platform}-${process.arch}`
  const source = Path.join(Path.dirname(Fs.realpathSync(wrapper)), "..", "..", system, "vendor")
  const copied = spawnSync("cp", ["-rlL", Fs.realpathSync(source), `${folder}/vendor`]).status === 0 ||
    spawnSync("cp", ["-rL", source, `${folder}/vendor`]).status === 0
  const [triple = ""] = copied ? Fs.readdirSync(`${folder}/vendor`) : []
  return `${folder}/vendor/${triple}/bin/codex`
}
