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
import { configOption, hostLayer, loadConfiguration, repoOption } from "./inRepository.ts"
import { Output } from "./output.ts"
import type { Palette } from "./palette.ts"
import { withProgress } from "./progress.ts"
import { tellProblems } from "./tell.ts"
import { topic } from "./topic.ts"
import { wrapPlain } from "./wrap.ts"

const options = {
  repo: repoOption,
  config: configOption,
  json: Options.boolean("json").pipe(Options.withDescription("The checks as JSON on standard output."))
}

export const doctorCommand = Command.make("doctor", options, (flags) => handle(flags))

export const doctorTopic = /* @__PURE__ */ topic(doctorCommand, {
  name: "doctor",
  usage: "[options]",
  summary: "Checks everything a run needs, and proves the gate anew. Each failure comes with its remedy.",
  examples: ["codex-runner doctor", "codex-runner doctor --json"]
})

interface DoctorFlags {
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: DoctorFlags) {
    const { columns, onOut, out } = yield* Output
    const config = yield* loadConfiguration(flags.config)
    // It tells of nothing meanwhile, but takes seconds: somebody who waits is to see that.
    const checks = yield* withProgress(() => Effect.flatMap(CodexRunner, (runner) => runner.examine)).pipe(
      Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
    )
    const ready = isReady(checks)
    yield* out(
      flags.json
        ? JSON.stringify({ ready, checks }, null, 2)
        : [...checks.flatMap((check) => lines(check, onOut, columns)), "", ready ? "Ready." : "Not ready."].join("\n")
    )
    if (!ready) yield* new ExitWith({ code: exitCodes.notReady })
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

/** Neither a remedy nor a long path is broken: they are there to be copied. */
const lines = (
  { detail, name, remedy, state }: Check,
  palette: Palette,
  columns: number | undefined
): ReadonlyArray<string> => {
  const mark = {
    ok: palette.green("ok     "),
    warning: palette.yellow("warning"),
    failed: palette.red("FAILED "),
    skipped: palette.dim("skipped")
  }[state]
  const indent = " ".repeat(24)
  const room = Math.max(20, (columns ?? Infinity) - indent.length)
  const hasPath = detail.split(" ").some((word) => word.length > room)
  const [first = "", ...others] = hasPath ? [detail] : wrapPlain(detail, room)
  return [
    `${mark}  ${name.padEnd(13)}  ${first}`,
    ...others.map((more) => indent + more),
    ...(remedy === null ? [] : [`${indent}-> ${remedy}`])
  ]
}
