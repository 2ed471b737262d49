/** `codex-runner apply`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as path from "node:path"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { NotApplied } from "../domain/Apply.ts"
import { shellWord } from "../domain/shellWord.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { configOption, hostLayer, loadConfiguration, repoOption, repositoryRoot } from "./inRepository.ts"
import { Output } from "./output.ts"
import { renderApplied, renderNotApplied } from "./renderApply.ts"
import { runArg } from "./runs/names.ts"
import { leadingHere } from "./showResult.ts"
import { tellProblems } from "./tell.ts"
import { topic } from "./topic.ts"

const options = {
  run: runArg,
  tasks: Args.text({ name: "task" }).pipe(
    Args.withDescription("Tasks, in the order in which to apply them. Default: every task that succeeded."),
    Args.repeated
  ),
  branch: Options.text("branch").pipe(
    Options.withDescription("A branch to make, with a commit for each task, in place of the checkout."),
    Options.withPseudoName("NAME"),
    Options.optional
  ),
  check: Options.boolean("check").pipe(
    Options.withDescription("Say what would be applied, or what is in the way, and change nothing.")
  ),
  repo: repoOption,
  config: configOption,
  json: Options.boolean("json").pipe(Options.withDescription("As JSON on standard output."))
}

export const applyCommand = Command.make("apply", options, (flags) => handle(flags))

export const applyTopic = /* @__PURE__ */ topic(applyCommand, {
  name: "apply",
  usage: "<run> [task ...] [options]",
  summary: "Puts results into the checkout, staged, or on a new branch. All of them or none.",
  examples: [
    "codex-runner apply last --check",
    "codex-runner apply last",
    "codex-runner apply 20261122-14 readme add-clamp",
    "codex-runner apply last --branch results"
  ]
})

interface ApplyFlags {
  readonly run: string
  readonly tasks: ReadonlyArray<string>
  readonly branch: Option.Option<string>
  readonly check: boolean
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

/** git as it is typed where the user is. */
const gitIn = (root: string): string => {
  const inside = path.relative(root, process.cwd())
  return inside === ".." || inside.startsWith("../") ? `git -C ${shellWord(root)}` : "git"
}

const handle = Effect.fnUntraced(
  function*({ branch, check, config: file, json, repo, run, tasks }: ApplyFlags) {
    const { err, onErr, onOut, out } = yield* Output
    const config = yield* loadConfiguration(file)
    const root = yield* repositoryRoot
    const request = { run, tasks, branch: Option.getOrUndefined(branch), check }
    const alternativeFlags = [
      ...Option.match(branch, { onNone: () => [], onSome: (name) => ["--branch", name] }),
      ...leadingHere({ config: file, repo })
    ]
    yield* Effect.flatMap(CodexRunner, (runner) => runner.apply(request)).pipe(
      Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config)))),
      Effect.flatMap((applied) =>
        out(json ? JSON.stringify(applied, null, 2) : renderApplied(onOut, applied, gitIn(root)))
      ),
      Effect.catchTag("NotApplied", (error) =>
        Effect.zipRight(
          json ? out(asJson(error)) : err(renderNotApplied(onErr, error, alternativeFlags)),
          new ExitWith({ code: exitCodes.failure })
        ))
    )
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

const asJson = ({ applicable, problems, run_id }: NotApplied): string =>
  JSON.stringify({ run_id, applied: false, problems, applicable }, null, 2)
