/** `codex-runner cancel`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { Runs } from "../Runs.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "./inRepository.ts"
import { Output } from "./output.ts"
import { runArg } from "./runs/names.ts"
import { leadingHere, showResult } from "./showResult.ts"
import { tellProblems } from "./tell.ts"
import { topic } from "./topic.ts"

const options = {
  run: runArg,
  repo: repoOption,
  config: configOption,
  json: Options.boolean("json").pipe(Options.withDescription("Its result as JSON, on standard output."))
}

export const cancelCommand = Command.make("cancel", options, (flags) => handle(flags))

export const cancelTopic = /* @__PURE__ */ topic(cancelCommand, {
  name: "cancel",
  usage: "<run> [options]",
  summary: "Ends a run, whichever process it runs in. What was done is kept; a run that is over stays as it is.",
  examples: ["codex-runner cancel last", "codex-runner cancel 20261122-141530-k3f9"]
})

interface CancelFlags {
  readonly run: string
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: CancelFlags) {
    const { err } = yield* Output
    const config = yield* loadConfiguration(flags.config)
    yield* Effect.gen(function*() {
      const runs = yield* Runs
      const before = yield* runs.find(flags.run)
      const { result, summary } = yield* runs.cancel(before.summary.run_id)
      yield* showResult(result, { json: flags.json, flags: leadingHere(flags) })
      if (summary.status === "running") {
        yield* err(
          `run ${summary.run_id} was asked to end, and has not yet: see codex-runner runs show ${summary.run_id}`
        )
        return yield* new ExitWith({ code: exitCodes.failure })
      }
      if (before.summary.status !== "running") yield* err(`run ${summary.run_id} was over already: ${summary.status}`)
    }).pipe(Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config)))))
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)
