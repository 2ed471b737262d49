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
import { RunRequest } from "../domain/Task.ts"
import { Git, type GitTarget } from "../git/Git.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import { demoFiles, demoScript, demoTasks } from "../scripted/demo.ts"
import * as ScriptedModel from "../scripted/ScriptedModel.ts"
import { stateFolder } from "../store/stateFolder.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { topic } from "./help.ts"
import { Output } from "./output.ts"
import { progressLine, renderResult } from "./render.ts"
import { tellNotReady, tellProblems } from "./tell.ts"

export const demoCommand = Command.make("demo", {}, () => handle())

export const demoTopic = topic(demoCommand, {
  name: "demo",
  usage: "",
  summary: "Runs three real Codex tasks on a throw-away repository, with a built-in scripted model: no account needed.",
  examples: []
})

const handle = Effect.fnUntraced(
  function*() {
    const output = yield* Output
    const folder = path.join(stateFolder(undefined, process.env), "demo")
    const repository = path.join(folder, "repository")
    yield* makeRepository(folder, repository)
    yield* output.err(`A throw-away repository: ${repository}`)
    const model = yield* ScriptedModel.make(demoScript)
    const results = yield* Effect.forEach(
      ["gpt-5.5", "gpt-6-sol"],
      (name) => runWith(name, model, folder, repository),
      { concurrency: 2 }
    )
    const result = combine(results)
    yield* output.out(renderResult(output.onOut, result, repository))
    yield* Effect.forEach(
      result.results,
      (task) =>
        output.out(
          `\n${output.onOut.bold(`${task.task_id}: ${task.summary}`)}\n${output.onOut.dim(task.patch.trimEnd())}`
        )
    )
    yield* output.out(
      `\nThe third task fails its own test on purpose, and says so: its status is Codex's, its notes are ours:\n` +
        (result.results.at(-1)?.notes_for_manager ?? "")
    )
    yield* output.out(
      "\nNow yours: write tasks.json in a repository,\n" +
        "  {\"tasks\": [{\"task_id\": \"readme\", \"prompt\": \"...\", \"allowed_paths\": [\"README.md\"]}]}\n" +
        "log Codex in (codex login, or CODEX_API_KEY), and type: codex-runner run tasks.json"
    )
    if (result.results.some((task) => task.status !== "success")) yield* new ExitWith({ code: exitCodes.failure })
  },
  Effect.scoped,
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
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

/** A run has one model: the tasks for it, as one run. */
const runWith = Effect.fnUntraced(
  function*(name: string, model: ScriptedModel.ScriptedModel, folder: string, repository: string) {
    const output = yield* Output
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
    return yield* Effect.flatMap(CodexRunner, (runner) =>
      runner.run(request, (event) => {
        const line = progressLine(output.onErr, event)
        return line === undefined ? Effect.void : output.err(line)
      })).pipe(Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.merge(config, host)))))
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
