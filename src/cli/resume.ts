/** `codex-runner resume`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "./inRepository.ts"
import { detachOption, runAndShow, tellDetached } from "./runAndShow.ts"
import { runArg } from "./runs/names.ts"
import { tellNotStarted } from "./tell.ts"
import { topic } from "./topic.ts"
import { offerTrust } from "./trust.ts"

const options = {
  run: runArg,
  repo: repoOption,
  config: configOption,
  detach: detachOption,
  json: Options.boolean("json").pipe(Options.withDescription("The result alone, as JSON, on standard output.")),
  trustConfig: Options.boolean("trust-config").pipe(
    Options.withDescription("Trust the configuration file as it is now, without a question.")
  )
}

export const resumeCommand = Command.make("resume", options, (flags) => handle(flags))

export const resumeTopic = /* @__PURE__ */ topic(resumeCommand, {
  name: "resume",
  usage: "<run> [options]",
  summary: "Goes on with a run that was cancelled, or whose runner died. A task that has a final result keeps it.",
  examples: ["codex-runner resume last", "codex-runner resume 20261122-141530-k3f9 --detach"]
})

interface ResumeFlags {
  readonly run: string
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly detach: boolean
  readonly json: boolean
  readonly trustConfig: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: ResumeFlags) {
    const config = yield* loadConfiguration(flags.config)
    yield* offerTrust(config, flags.trustConfig ? "trust" : flags.json ? "never" : "ask")
    yield* Effect.flatMap(CodexRunner, (runner) =>
      flags.detach
        ? Effect.flatMap(runner.detachResume(flags.run), (runId) => tellDetached(runId, flags))
        : runAndShow((watch) => runner.resume(flags.run, watch), flags)).pipe(
        Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
      )
  },
  Effect.catchTag("RunRejected", (rejected) => tellNotStarted(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)
