/** `codex-runner runs clean`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { count } from "../../audit/plainText.ts"
import { CodexRunner } from "../../CodexRunner.ts"
import { RunnerConfig } from "../../config/RunnerConfig.ts"
import type { CleanItem, CleanPlan } from "../../run/cleanRuns.ts"
import { Runs } from "../../Runs.ts"
import { exitCodes, ExitWith } from "../exit.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "../inRepository.ts"
import { Output } from "../output.ts"
import { ask, isTerminal } from "../question.ts"
import { tellProblems } from "../tell.ts"
import { topic } from "../topic.ts"

const options = {
  runs: Args.text({ name: "run" }).pipe(
    Args.withDescription("Runs to forget whole, with their refs. Default: none, only worktrees that were kept go."),
    Args.repeated
  ),
  all: Options.boolean("all").pipe(Options.withDescription("Forget every run that is over.")),
  yes: Options.boolean("yes").pipe(Options.withDescription("Remove without a question, where there is no terminal.")),
  repo: repoOption,
  config: configOption,
  json: Options.boolean("json").pipe(Options.withDescription("As JSON on standard output."))
}

export const cleanCommand = Command.make("clean", options, (flags) => handle(flags))

export const cleanTopic = /* @__PURE__ */ topic(cleanCommand, {
  name: "runs clean",
  usage: "[run…] [options]",
  summary:
    "Removes kept worktrees, or whole runs, once confirmed. Shown first is what would go, and the room that frees.",
  examples: ["codex-runner runs clean", "codex-runner runs clean friday --yes", "codex-runner runs clean --all"]
})

interface CleanFlags {
  readonly runs: ReadonlyArray<string>
  readonly all: boolean
  readonly yes: boolean
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: CleanFlags) {
    const { err, out } = yield* Output
    const config = yield* loadConfiguration(flags.config)
    yield* Effect.gen(function*() {
      const runs = yield* Runs
      const plan = yield* runs.planClean({ runs: flags.runs, all: flags.all })
      const tell = (removed: boolean, left: ReadonlyArray<CleanItem> = []) =>
        flags.json ? out(JSON.stringify({ ...plan, removed, left }, null, 2)) : Effect.void
      if (!flags.json) yield* out(renderPlan(plan))
      if (plan.items.length === 0) return yield* tell(false)
      if (!flags.yes && (flags.json || !isTerminal())) {
        yield* tell(false)
        yield* err("Nothing was removed: add --yes to remove this.")
        return yield* new ExitWith({ code: exitCodes.failure })
      }
      if (!flags.yes && !(yield* ask("Remove this? [y/N] "))) {
        return yield* err("Nothing was removed.")
      }
      const left = yield* runs.clean(plan)
      yield* tell(left.length < plan.items.length, left)
      for (const run_id of new Set(left.map((item) => item.run_id))) {
        yield* err(
          `Run ${run_id} has changed meanwhile: it is left alone. Look again: codex-runner runs show ${run_id}`
        )
      }
      if (left.length === plan.items.length) return yield* new ExitWith({ code: exitCodes.failure })
      if (!flags.json) yield* out("Removed.")
    }).pipe(Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config)))))
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

const size = (bytes: number): string =>
  bytes < 1024 * 1024
    ? `${Math.ceil(bytes / 1024)} KiB`
    : bytes < 1024 ** 3
    ? `${(bytes / 1024 ** 2).toFixed(1)} MiB`
    : `${(bytes / 1024 ** 3).toFixed(1)} GiB`

const renderPlan = ({ bytes, items, spared }: CleanPlan): string =>
  [
    ...(items.length === 0
      ? ["Nothing to remove. To forget a run whole, with its refs: codex-runner runs clean RUN"]
      : [
        "To be removed:",
        ...items.map((item) =>
          item.what === "run"
            ? `  run ${item.run_id} with its refs, record and logs (${size(item.bytes)})`
            : `  worktree ${item.path} (${size(item.bytes)})`
        ),
        ...(items.length === 1 ? [] : [`${count(items.length, "thing")}, ${size(bytes)} in all`])
      ]),
    ...(spared.length === 0
      ? []
      : [
        "These hold work that is in no ref; they go with their run alone, where that is named:",
        ...spared.map((worktree) => `  ${worktree}`)
      ])
  ].join("\n")
