/** `codex-runner runs verify`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { CodexRunner } from "../../CodexRunner.ts"
import { RunnerConfig } from "../../config/RunnerConfig.ts"
import { exitCodes, ExitWith } from "../exit.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "../inRepository.ts"
import { Output } from "../output.ts"
import { tellProblems } from "../tell.ts"
import { topic } from "../topic.ts"

const options = {
  run: Args.text({ name: "run" }).pipe(
    Args.withDescription("The run. Default: every run of the repository."),
    Args.optional
  ),
  repo: repoOption,
  config: configOption,
  json: Options.boolean("json").pipe(Options.withDescription("As JSON on standard output."))
}

export const verifyCommand = Command.make("verify", options, (flags) => verify(flags))

export const verifyTopic = /* @__PURE__ */ topic(verifyCommand, {
  name: "runs verify",
  usage: "[run] [options]",
  summary: "Checks the signed records of runs. A changed byte, a missing record or a swapped patch shows.",
  examples: ["codex-runner runs verify", "codex-runner runs verify 20261122-141530-k3f9"]
})

interface VerifyFlags {
  readonly run: Option.Option<string>
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

const verify = Effect.fnUntraced(
  function*(flags: VerifyFlags) {
    const { onOut, out } = yield* Output
    const config = yield* loadConfiguration(flags.config)
    const verdicts = yield* Effect.flatMap(CodexRunner, (runner) => runner.verify(Option.getOrUndefined(flags.run)))
      .pipe(
        Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
      )
    const intact = verdicts.every(({ problems }) => problems.length === 0)
    const lines = verdicts.flatMap(({ problems, run_id }) =>
      problems.length === 0
        ? [`${onOut.green("intact")}   ${run_id}`]
        : [`${onOut.red("CHANGED")}  ${run_id}`, ...problems.map((problem) => `           ${problem}`)]
    )
    yield* out(
      flags.json
        ? JSON.stringify({ intact, runs: verdicts }, null, 2)
        : lines.length === 0
        ? "No runs."
        : lines.join("\n")
    )
    if (!intact) yield* new ExitWith({ code: exitCodes.failure })
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)
