/** `codex-runner run`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { decodeRequest } from "../domain/Task.ts"
import { readRequest } from "../policy/admission.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "./inRepository.ts"
import { oneOf, wholeNumber } from "./options.ts"
import { readTaskFile } from "./readInput.ts"
import { detachOption, runAndShow, tellDetached } from "./runAndShow.ts"
import { tellNotStarted } from "./tell.ts"
import { bothOf, given } from "./together.ts"
import { topic } from "./topic.ts"
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
  detach: detachOption,
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
  readonly detach: boolean
  readonly json: boolean
  readonly keepWorktrees: Option.Option<"never" | "on_failure" | "always">
  readonly config: Option.Option<string>
  readonly trustConfig: boolean
}

export const runCommand = Command.make("run", options, (flags) => handle(flags))

export const runTopic = /* @__PURE__ */ topic(runCommand, {
  name: "run",
  usage: "<tasks.json|tasks.yaml|-> [options]",
  summary:
    "Runs tasks in parallel and gives back a checked patch for each. Each works in a git worktree of its own, under the policy.",
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
  const config = yield* Effect.either(loadConfiguration(flags.config, {
    ...given("default_concurrency", flags.concurrency),
    ...given("default_timeout_sec", flags.timeout),
    ...given("keep_worktrees", flags.keepWorktrees)
  }))
  const read = (value: unknown) => Either.isRight(config) ? readRequest(value, config.right) : decodeRequest(value)
  const request = Either.flatMap(raw, (value) => Either.mapLeft(read(value), (problems) => ({ problems })))
  return yield* bothOf(request, config)
})

const handle = Effect.fnUntraced(
  function*(flags: RunFlags) {
    const [request, config] = yield* prepare(flags)
    yield* offerTrust(config, flags.trustConfig ? "trust" : flags.json ? "never" : "ask")
    yield* Effect.flatMap(CodexRunner, (runner) =>
      flags.detach
        ? Effect.flatMap(runner.detach(request), (runId) => tellDetached(runId, flags))
        : runAndShow((watch) => runner.run(request, watch), flags)).pipe(
        Effect.provide(CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
      )
  },
  Effect.catchTag("RunRejected", (rejected) => tellNotStarted(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)
