/** `codex-runner run`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { type Problem, RunRejected } from "../domain/Problem.ts"
import type { RunResult } from "../domain/Result.ts"
import { decodeRequest } from "../run/startRun.ts"
import { exitCodeOf, ExitWith } from "./exit.ts"
import { topic } from "./help.ts"
import { configOption, hostLayer, loadConfiguration, repoOption, repositoryRoot } from "./inRepository.ts"
import { oneOf, wholeNumber } from "./options.ts"
import { Output } from "./output.ts"
import { readTaskFile } from "./readInput.ts"
import { progressLine, renderResult } from "./render.ts"
import { tellProblems } from "./tell.ts"
import { offerTrust } from "./trust.ts"

const options = {
  file: Args.text({ name: "tasks" }).pipe(
    Args.withDescription("The tasks: a JSON or YAML file, or - for standard input.")
  ),
  repo: repoOption,
  baseRef: Options.text("base-ref").pipe(
    Options.withDescription("The commit to start from, where the file names none. Default: HEAD."),
    Options.withPseudoName("REF"),
    Options.optional
  ),
  concurrency: wholeNumber("concurrency").pipe(
    Options.withDescription("Tasks at a time, where the file doesn't say."),
    Options.withPseudoName("N"),
    Options.optional
  ),
  timeout: wholeNumber("timeout").pipe(
    Options.withDescription("Wall-clock limit of a task in seconds, where the task doesn't say."),
    Options.withPseudoName("SEC"),
    Options.optional
  ),
  runId: Options.text("run-id").pipe(
    Options.withDescription("The run's name, where the file gives none. The same name and tasks again: the same run."),
    Options.withPseudoName("ID"),
    Options.optional
  ),
  dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Check everything, start no Codex.")),
  json: Options.boolean("json").pipe(
    Options.withDescription("The result alone, as JSON, on standard output.")
  ),
  keepWorktrees: oneOf("keep-worktrees", ["never", "on_failure", "always"]).pipe(
    Options.withDescription("Which tasks' worktrees stay after the run."),
    Options.optional
  ),
  config: configOption,
  trustConfig: Options.boolean("trust-config").pipe(
    Options.withDescription("Trust the configuration file as it is now, without a question.")
  )
}

export interface RunFlags {
  readonly file: string
  readonly repo: Option.Option<string>
  readonly baseRef: Option.Option<string>
  readonly concurrency: Option.Option<number>
  readonly timeout: Option.Option<number>
  readonly runId: Option.Option<string>
  readonly dryRun: boolean
  readonly json: boolean
  readonly keepWorktrees: Option.Option<"never" | "on_failure" | "always">
  readonly config: Option.Option<string>
  readonly trustConfig: boolean
}

export const runCommand = Command.make("run", options, (flags) => handle(flags))

export const runTopic = topic(runCommand, {
  name: "run",
  usage: "<tasks.json|tasks.yaml|-> [options]",
  summary: "Runs tasks, each in a worktree of its own, and gives back a checked patch for each.",
  examples: [
    "codex-runner run tasks.json",
    "codex-runner run tasks.yaml --concurrency 4 --keep-worktrees on_failure",
    "jq '{tasks: .todo}' plan.json | codex-runner run - --json > result.json"
  ]
})

/** A field of the request that the file leaves open. */
const filled = (request: unknown, name: string, value: Option.Option<unknown>): unknown =>
  typeof request === "object" && request !== null && !(name in request) && Option.isSome(value)
    ? { ...request, [name]: value.value }
    : request

const given = <A>(name: string, value: Option.Option<A>) => Option.isSome(value) ? { [name]: value.value } : {}

const problemsOf = (checked: Either.Either<unknown, { readonly problems: ReadonlyArray<Problem> }>) =>
  Either.isLeft(checked) ? checked.left.problems : []

/** The request and the configuration, or every problem of both. */
const prepare = Effect.fnUntraced(function*(flags: RunFlags) {
  const raw = yield* readTaskFile(flags.file).pipe(
    Effect.map((request) => filled(request, "base_ref", flags.baseRef)),
    Effect.map((request) => filled(request, "run_id", flags.runId)),
    Effect.map((request) =>
      flags.dryRun && typeof request === "object" && request !== null ? { ...request, dry_run: true } : request
    ),
    Effect.either
  )
  const request = Either.flatMap(raw, (value) => Either.mapLeft(decodeRequest(value), (problems) => ({ problems })))
  const config = yield* Effect.either(loadConfiguration(flags.config, {
    ...given("default_concurrency", flags.concurrency),
    ...given("default_timeout_sec", flags.timeout),
    ...given("keep_worktrees", flags.keepWorktrees)
  }))
  if (Either.isRight(request) && Either.isRight(config)) return { request: request.right, config: config.right }
  const [first, ...rest] = [...problemsOf(request), ...problemsOf(config)]
  return yield* first === undefined ? Effect.dieMessage("no problem") : new RunRejected({ problems: [first, ...rest] })
})

const handle = Effect.fnUntraced(
  function*(flags: RunFlags) {
    const { config, request } = yield* prepare(flags)
    const repoRoot = yield* repositoryRoot
    yield* offerTrust(config, flags.trustConfig ? "trust" : flags.json ? "never" : "ask")
    const result = yield* runAndRender(request, { json: flags.json, repoRoot }).pipe(
      Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
    )
    yield* new ExitWith({ code: exitCodeOf(result) })
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

/** Runs with a line for each thing that happens, then shows the result; also where the run was interrupted. */
export const runAndRender = Effect.fnUntraced(function*(
  request: Parameters<CodexRunner["Type"]["run"]>[0],
  options: { readonly json: boolean; readonly repoRoot: string }
) {
  const runner = yield* CodexRunner
  const output = yield* Output
  const ended = yield* Ref.make(Option.none<RunResult>())
  const show = (result: RunResult) =>
    output.out(options.json ? JSON.stringify(result, null, 2) : renderResult(output.onOut, result, options.repoRoot))
  return yield* runner.run(request, (event) => {
    if (event._tag === "RunFinished") return Ref.set(ended, Option.some(event.result))
    const line = progressLine(output.onErr, event)
    return line === undefined ? Effect.void : output.err(line)
  }).pipe(
    Effect.tap(show),
    Effect.onInterrupt(() => Effect.flatMap(Ref.get(ended), Option.match({ onNone: () => Effect.void, onSome: show })))
  )
})
