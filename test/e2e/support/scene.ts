/**
 * A repository, a scripted model and the configuration that brings Codex to it; and the built program, run on them.
 * Each run is followed by a look at everything that it must not have touched or left.
 *
 *     it.scopedLive("...", () => Effect.gen(function*() {
 *       const { run } = yield* scene({ tasks: { hello: task(addFile("src/hello.txt", "hello")) } })
 *       const { code, task: resultOf } = yield* run()
 *       assert.strictEqual(resultOf("hello").status, "success")
 *     }))
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import { goOn } from "../../../src/codex/instructions.ts"
import type { RunnerConfigInput } from "../../../src/config/RunnerConfig.ts"
import { RunResult, type TaskResult } from "../../../src/domain/Result.ts"
import * as Reply from "../../../src/scripted/Reply.ts"
import type { Script } from "../../../src/scripted/Script.ts"
import * as ScriptedModel from "../../../src/scripted/ScriptedModel.ts"
import { type Files, type GitRepo, gitRepo, writeFiles } from "../../support/GitRepo.ts"
import { shareProofs } from "../../support/proofs.ts"
import { atTerminal, type Terminal } from "../../support/terminal.ts"
import { builtBin, type Ended, type Program, start } from "./program.ts"
import { assertUntouched, snapshot, tmpOf } from "./untouched.ts"

/** npm's wrapper around the native binary, as a user has it in PATH. */
export const codexWrapper = fileURLToPath(new URL("../../../node_modules/.bin/codex", import.meta.url))

/** Folders without a `codex` in them. */
const pathWithoutCodex = (process.env["PATH"] ?? "").split(":")
  .filter((folder) => folder !== "" && !Fs.existsSync(`${folder}/codex`)).join(":")

/** What a repository holds unless a test says otherwise. Its work is done by `work.mjs`, which a test may replace. */
const defaultFiles: Files = {
  ".gitignore": "node_modules/\n",
  "package.json": `{"name":"scene","private":true,"type":"module","scripts":{"test":"node work.mjs"}}\n`,
  "src/base.txt": "one\ntwo\nthree\n",
  "work.mjs": "console.log('worked')\n"
}

export interface SceneOptions {
  /** What the model does about each task, by task id. */
  readonly tasks?: Readonly<Record<string, Script>>
  /** What the model answers where it is asked for an answer by a schema, that is, for a review. */
  readonly review?: Script
  /** What it does about a task that goes on after an interruption, in its thread. */
  readonly resumed?: Script
  /** Beside, or in place of, the default ones. */
  readonly files?: Files
  readonly config?: RunnerConfigInput
  readonly model?: "gpt-5.5" | "gpt-6-sol"
  readonly name?: string
  /** Proves the gate for itself: for tests that look at proofs, or spoil them. */
  readonly ownProofs?: boolean
  /** Nobody trusts the configuration but the test itself. */
  readonly untrusted?: boolean
  readonly objectFormat?: "sha1" | "sha256"
}

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly stdinStaysOpen?: boolean
  /** Done while the program runs. */
  readonly meanwhile?: (program: Program) => Effect.Effect<void>
  /** The test itself looks at what is left. */
  readonly unchecked?: boolean
  /** Whether worktrees stay by intention: then they, and nothing else, may be left. */
  readonly keepsWorktrees?: boolean
}

export interface RunOptions extends CliOptions {
  /** Fields of the request beside its tasks. */
  readonly request?: Readonly<Record<string, unknown>>
  /** Further fields of a task, by its id. */
  readonly task?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly args?: ReadonlyArray<string>
}

export interface Outcome extends Ended {
  readonly result: RunResult
  readonly task: (taskId: string) => TaskResult
}

export interface Scene {
  readonly repo: GitRepo
  readonly model: ScriptedModel.ScriptedModel
  /** The program with any arguments. */
  readonly cli: (args: ReadonlyArray<string>, options?: CliOptions) => Effect.Effect<Ended>
  /** `codex-runner run --json` with every task of the scene. */
  readonly run: (options?: RunOptions) => Effect.Effect<Outcome>
  /** A shell's command line at a terminal, `codex-runner` being the built program. */
  readonly atTerminal: (
    line: string,
    options?: { readonly columns?: number; readonly rows?: number; readonly env?: Readonly<Record<string, string>> }
  ) => Effect.Effect<Terminal, never, Scope.Scope>
  /** The environment that the program is started with. */
  readonly env: Readonly<Record<string, string>>
  /** Prompts that the model was asked, one for each request. */
  readonly prompts: Effect.Effect<ReadonlyArray<string>>
}

export const promptOf = (taskId: string): string => `Do what ${taskId} asks.`

const decodeResult = Schema.decodeUnknownSync(Schema.parseJson(RunResult), { onExcessProperty: "error" })

/** A result that was printed alone, as JSON. */
export const outcomeOf = (ended: Ended): Outcome => {
  const result = decodeOrThrow(ended)
  return {
    ...ended,
    result,
    task: (taskId) => {
      const found = result.results.find((task) => task.task_id === taskId)
      if (found === undefined) throw new Error(`no result of ${taskId}`)
      return found
    }
  }
}

const decodeOrThrow = (ended: Ended): RunResult => {
  try {
    return decodeResult(ended.stdout)
  } catch (cause) {
    throw new Error(`exit ${ended.code}, no result on stdout: ${ended.stdout}\n${ended.stderr}`, { cause })
  }
}

export const scene = (
  options: SceneOptions = {}
): Effect.Effect<Scene, ScriptedModel.ScriptedModelFailed, Scope.Scope> =>
  Effect.gen(function*() {
    const scripts = Object.entries(options.tasks ?? {})
    const script: Script = (turn) =>
      turn.hasOutputSchema
        ? (options.review ?? noScript)(turn)
        : turn.prompt === goOn
        ? (options.resumed ?? noScript)(turn)
        : (scripts.find(([taskId]) => turn.prompt === promptOf(taskId))?.[1] ?? noScript)(turn)
    const model = yield* ScriptedModel.make(script)
    const repo = yield* gitRepo({
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.objectFormat === undefined ? {} : { objectFormat: options.objectFormat }),
      files: {
        ...defaultFiles,
        ...options.files,
        ".mcp-codex.json": JSON.stringify({ ...configFor(model, options.model), ...options.config })
      }
    })
    Fs.mkdirSync(tmpOf(repo))
    if (options.ownProofs !== true) shareProofs(`${repo.home}/state/codex-runner`)
    const base = {
      ...repo.env,
      PATH: pathWithoutCodex,
      TMPDIR: tmpOf(repo),
      // What the tests' machine has for a terminal or a proxy is no matter of theirs.
      TERM: "dumb",
      ...model.codexEnvironment
    }

    const cli: Scene["cli"] = (
      args,
      { cwd = repo.root, env = {}, keepsWorktrees = false, meanwhile, unchecked = false, ...input } = {}
    ) =>
      Effect.scoped(Effect.gen(function*() {
        const before = snapshot(repo)
        const program = yield* start({
          args: options.untrusted === true ? args : trusting(args),
          cwd,
          env: { ...base, ...env },
          ...input
        })
        // What is waited for may never come where the program ends by itself.
        if (meanwhile !== undefined) yield* Effect.raceFirst(meanwhile(program), program.ended)
        const ended = yield* program.ended
        if (!unchecked) assertUntouched(repo, before, keepsWorktrees)
        return ended
      }))

    const run: Scene["run"] = ({ args = [], request = {}, task = {}, ...rest } = {}) => {
      const tasks = scripts.map(([taskId]) => ({ task_id: taskId, prompt: promptOf(taskId), ...task[taskId] }))
      writeFiles(repo.home, { "tasks.json": JSON.stringify({ ...request, tasks }) })
      return Effect.map(cli(["run", `${repo.home}/tasks.json`, "--json", ...args], rest), outcomeOf)
    }

    const shell: Scene["atTerminal"] = (line, { columns = 80, env = {}, rows = 24 } = {}) => {
      writeFiles(repo.home, {
        "tasks.json": JSON.stringify(scripts.map(([task_id]) => ({ task_id, prompt: promptOf(task_id) })))
      })
      const program = `"${process.execPath}" "${builtBin}"`
      return atTerminal("sh", ["-c", line.replaceAll(/\bcodex-runner (?=[a-z])/g, `${program} `)], {
        columns,
        rows,
        cwd: repo.root,
        env: { ...base, TERM: "xterm-256color", ...env }
      })
    }

    const prompts = Effect.map(model.requests, (all) => all.map(({ turn }) => turn.prompt))
    return { repo, model, cli, run, env: base, atTerminal: shell, prompts }
  })

/** A scene's configuration brings Codex to the model, which a user would have to trust. */
const trusting = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  /^(run|review)$/.test(args[0] ?? "") && !args.includes("--trust-config")
    ? [args[0] ?? "", "--trust-config", ...args.slice(1)]
    : args

const noScript: Script = (turn) => Reply.httpError(400, `no task of the scene has this prompt: ${turn.prompt}`)

/** Codex brought to the model. Children are not niced: a busy machine would starve them. */
const configFor = (model: ScriptedModel.ScriptedModel, name: SceneOptions["model"] = "gpt-5.5"): RunnerConfigInput => ({
  codex_command: codexWrapper,
  codex_config: [...model.codexConfig],
  codex_model: name,
  allowed_commands: ["npm test", "node work.mjs"],
  resource_policy: "normal",
  default_concurrency: 4
})
