/** `codex-runner demo`: the whole thing once, with the real Codex CLI and a model that follows a script. */
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as path from "node:path"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { decode } from "../domain/decode.ts"
import type { RunResult } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import { shellWord } from "../domain/shellWord.ts"
import { RunRequest } from "../domain/Task.ts"
import { Git, type GitTarget } from "../git/Git.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import { demoFiles, demoScript, demoTasks } from "../scripted/demo.ts"
import * as ScriptedModel from "../scripted/ScriptedModel.ts"
import { stateFolder } from "../store/stateFolder.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { Output } from "./output.ts"
import { withProgress } from "./progress.ts"
import { tellNotReady, tellNotStarted } from "./tell.ts"
import { topic } from "./topic.ts"

export const demoCommand = Command.make("demo", {}, () => handle())

export const demoTopic = /* @__PURE__ */ topic(demoCommand, {
  name: "demo",
  usage: "",
  summary:
    "Runs three tasks with a built-in model: no account needed. The Codex CLI is the real one, the model follows a script, the repository is thrown away at the next demo.",
  examples: ["codex-runner demo"]
})

const handle = Effect.fnUntraced(
  function*() {
    const output = yield* Output
    const state = stateFolder(undefined, process.env)
    const folder = path.join(state, "demo")
    const repository = path.join(folder, "repository")
    yield* makeRepository(folder, repository)
    yield* shareWhatIsKnownOfCodex(state, path.join(folder, "state"))
    yield* output.err(`A throw-away repository: ${repository}`)
    const model = yield* ScriptedModel.make(demoScript)
    const results = yield* withProgress((watch) =>
      Effect.forEach(
        ["gpt-5.5", "gpt-6-sol"],
        (name) => runWith(name, model, { folder, repository, watch }),
        { concurrency: 2 }
      )
    )
    const result = combine(results)
    const { columns, onOut: palette } = output
    const [{ renderResult }, { gitSteps }, { wrap }] = yield* Effect.promise(() =>
      Promise.all([import("./renderResult.ts"), import("./nextSteps.ts"), import("./width.ts")])
    )
    const prose = (text: string) => wrap(text, columns ?? Infinity).join("\n")
    yield* output.out(renderResult(result, { palette, columns, next: gitSteps(result, repository) }))
    for (const task of result.results) {
      yield* output.out(`\n${palette.bold(prose(`${task.task_id}: ${task.summary}`))}`)
      yield* output.out(palette.dim(task.patch.trimEnd()))
    }
    yield* output.out([
      "",
      prose(
        "The third task ends with a failing test on purpose. Codex takes that for a success; " +
          "the notes of its result tell what it left open:"
      ),
      ...(result.results.at(-1)?.notes_for_manager ?? "").split("\n").map(prose),
      "",
      "Now yours: in a repository of your own, write a tasks.json:",
      "  {\"tasks\": [{\"task_id\": \"readme\", \"prompt\": \"What is to be done\",",
      "    \"allowed_paths\": [\"README.md\"]}]}",
      "Log Codex in (codex login, or CODEX_API_KEY), then type there:",
      `  ${typed(process.env)} run tasks.json`
    ].join("\n"))
    if (result.results.some((task) => task.status !== "success")) yield* new ExitWith({ code: exitCodes.failure })
  },
  Effect.scoped,
  Effect.catchTag("RunRejected", (rejected) => tellNotStarted(rejected)),
  Effect.catchTags({
    ScriptedModelFailed: (error) => tellNotReady(error.message),
    GitFailed: (error) => tellNotReady(error.message),
    SpawnFailed: (error) => tellNotReady(`${error.message}. Install git.`),
    SystemError: (error) => tellNotReady(error.message),
    BadArgument: (error) => tellNotReady(error.message),
    ConfigInvalid: (error) => tellNotReady(error.message)
  }),
  Effect.provide(Layer.provideMerge(Git.layer, Layer.provideMerge(Processes.layer, Host.layer)))
)

/** How this program is called again: npm has it in PATH only while it runs. */
export const typed = (env: Readonly<Record<string, string | undefined>>): string =>
  env["npm_command"] === "exec"
    ? "npx codex-runner"
    : env["npm_lifecycle_event"] === "demo"
    ? `node ${shellWord(process.argv[1] ?? "")}`
    : "codex-runner"

const makeRepository = Effect.fnUntraced(function*(folder: string, repository: string) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  // What an earlier demo left for the user to look at.
  yield* fs.remove(folder, { recursive: true, force: true })
  for (const [name, text] of Object.entries(demoFiles)) {
    const file = path.join(repository, name)
    yield* fs.makeDirectory(path.dirname(file), { recursive: true })
    yield* fs.writeFileString(file, text)
  }
  const target: GitTarget = { _tag: "Repository", directory: repository }
  yield* git.run({ target, args: ["init", "--quiet", "--initial-branch=main"] })
  yield* git.run({ target, args: ["add", "--all"] })
  yield* git.run({ target, args: ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", "The demo's repository"] })
})

/** The gate that was proven for the demo holds for the user's own runs, and the other way round. */
const shareWhatIsKnownOfCodex = Effect.fnUntraced(function*(from: string, to: string) {
  const fs = yield* FileSystem.FileSystem
  for (const folder of [path.join(from, "codex"), to]) yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
  yield* fs.symlink(path.join(from, "codex"), path.join(to, "codex"))
})

/** A run has one model: the tasks for it, as one run. */
const runWith = Effect.fnUntraced(
  function*(
    name: string,
    model: ScriptedModel.ScriptedModel,
    { folder, repository, watch }: { readonly folder: string; readonly repository: string; readonly watch: Watch }
  ) {
    const tasks = demoTasks.filter((task) => task.model === name)
    const request = yield* decode(RunRequest, { area: "request", root: "demo" })({
      tasks: tasks.map(({ prompt, task_id }) => ({ task_id, prompt }))
    })
    const config = RunnerConfig.layerValue({
      codex_model: name,
      codex_config: [...model.codexConfig],
      state_dir: path.join(folder, "state")
    })
    // A key of the user's has no business with the scripted model.
    const env = { ...process.env, ...model.codexEnvironment, CODEX_API_KEY: undefined }
    const host = Layer.succeed(Host, { env, directory: repository })
    return yield* Effect.flatMap(CodexRunner, (runner) => runner.run(request, watch)).pipe(
      Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.merge(config, host))))
    )
  },
  Effect.catchAll((error) =>
    "_tag" in error ? Effect.fail(error) : Effect.dieMessage("the demo's own request is not valid")
  )
)

const combine = (runs: ReadonlyArray<RunResult>): RunResult => {
  const results = runs.flatMap((run) => run.results)
  const first = runs[0]
  if (first === undefined) throw new Error("no run")
  return {
    ...first,
    total_duration_ms: Math.max(...runs.map((run) => run.total_duration_ms)),
    results: demoTasks.flatMap((task) => results.filter((result) => result.task_id === task.task_id))
  }
}
