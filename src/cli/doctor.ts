/** `codex-runner doctor`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { type Check, isReady } from "../run/doctor.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { topic } from "./help.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "./inRepository.ts"
import { Output, type Palette } from "./output.ts"
import { tellProblems } from "./tell.ts"

const options = {
  repo: repoOption,
  config: configOption,
  json: Options.boolean("json").pipe(Options.withDescription("The checks as JSON on standard output."))
}

export const doctorCommand = Command.make("doctor", options, (flags) => handle(flags))

export const doctorTopic = topic(doctorCommand, {
  name: "doctor",
  usage: "[options]",
  summary: "Checks everything a run needs, with the remedy for each failure, and proves the policy gate anew.",
  examples: ["codex-runner doctor", "codex-runner doctor --json"]
})

interface DoctorFlags {
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: DoctorFlags) {
    const { onOut, out } = yield* Output
    const config = yield* loadConfiguration(flags.config)
    const checks = yield* Effect.flatMap(CodexRunner, (runner) => runner.examine).pipe(
      Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
    )
    const ready = isReady(checks)
    yield* out(
      flags.json
        ? JSON.stringify({ ready, checks }, null, 2)
        : [...checks.flatMap((check) => line(onOut, check)), "", ready ? "Ready." : "Not ready."].join("\n")
    )
    if (!ready) yield* new ExitWith({ code: exitCodes.notReady })
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

const line = (palette: Palette, { detail, name, remedy, state }: Check): ReadonlyArray<string> => {
  const mark = {
    ok: palette.green("ok     "),
    warning: palette.yellow("warning"),
    failed: palette.red("FAILED "),
    skipped: palette.dim("skipped")
  }[state]
  return [`${mark}  ${name.padEnd(13)}  ${detail}`, ...(remedy === null ? [] : [`${" ".repeat(24)}-> ${remedy}`])]
}
