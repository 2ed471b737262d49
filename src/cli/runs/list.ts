/** `codex-runner runs list`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { count } from "../../audit/plainText.ts"
import { CodexRunner } from "../../CodexRunner.ts"
import { RunnerConfig } from "../../config/RunnerConfig.ts"
import type { RunSummary } from "../../domain/RunState.ts"
import { Runs } from "../../Runs.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "../inRepository.ts"
import { Output } from "../output.ts"
import type { Palette } from "../palette.ts"
import { tellProblems } from "../tell.ts"
import { topic } from "../topic.ts"

const options = {
  repo: repoOption,
  config: configOption,
  json: Options.boolean("json").pipe(Options.withDescription("As JSON on standard output."))
}

export const listCommand = Command.make("list", options, (flags) => handle(flags))

export const listTopic = /* @__PURE__ */ topic(listCommand, {
  name: "runs list",
  usage: "[options]",
  summary:
    "Lists the repository's runs, newest first. Each with what became of its tasks, and with worktrees that were kept.",
  examples: [
    "codex-runner runs list",
    "codex-runner runs list --json |\n  jq -r '.runs[] | select(.status == \"running\") | .run_id'"
  ]
})

interface ListFlags {
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: ListFlags) {
    const { onOut, out } = yield* Output
    const config = yield* loadConfiguration(flags.config)
    const runs = yield* Effect.flatMap(Runs, (all) => all.list).pipe(
      Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
    )
    yield* out(flags.json ? JSON.stringify({ runs }, null, 2) : renderRuns(onOut, runs))
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

/** Newest first; what needs a look stands out. */
const renderRuns = (palette: Palette, runs: ReadonlyArray<RunSummary>): string => {
  if (runs.length === 0) return "No runs yet. Start one: codex-runner run tasks.json"
  const width = Math.max(...runs.map(({ run_id }) => run_id.length))
  const colours = {
    running: palette.bold,
    completed: palette.green,
    cancelled: palette.dim,
    interrupted: palette.yellow
  }
  const lines = [...runs].reverse().flatMap((run) => [
    `${run.run_id.padEnd(width)}  ${colours[run.status](run.status.padEnd(11))}  ${
      run.created_at.slice(0, 16).replace("T", " ")
    }  ${tasksInShort(run)}`,
    ...run.kept_worktrees.map((worktree) => palette.yellow(`${" ".repeat(width)}  kept: ${worktree}`))
  ])
  const interrupted = runs.filter(({ status }) => status === "interrupted")
  const last = interrupted.at(-1)
  return [
    ...lines,
    ...(last === undefined
      ? []
      : ["", `${count(interrupted.length, "run")} ended before the tasks: codex-runner resume ${last.run_id}`])
  ].join("\n")
}

/** `3 success, 1 failed`, in the order in which they matter. */
const tasksInShort = ({ tasks }: RunSummary): string => {
  const order = ["success", "failed", "timeout", "cancelled", "skipped", "waiting"]
  const counts = new Map<string, number>()
  for (const { state } of tasks) {
    const name = order.includes(state) ? state : "at work"
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)).map(([name, n]) => `${n} ${name}`).join(
    ", "
  )
}
