/** `codex-runner review`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { CodexRunner } from "../CodexRunner.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { decodePlanReviewRequest } from "../domain/PlanReview.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "./inRepository.ts"
import { wholeNumber } from "./options.ts"
import { Output } from "./output.ts"
import { withProgress } from "./progress.ts"
import { readText } from "./readInput.ts"
import { renderReview } from "./renderReview.ts"
import { tellFailure, tellNotStarted } from "./tell.ts"
import { bothOf, given } from "./together.ts"
import { topic } from "./topic.ts"
import { offerTrust } from "./trust.ts"

const options = {
  file: Args.text({ name: "plan" }).pipe(
    Args.withDescription("The plan: a text or Markdown file, or - for standard input.")
  ),
  context: Options.text("context").pipe(
    Options.withDescription("A file with what Codex should know of the repository beside its files."),
    Options.withPseudoName("FILE"),
    Options.optional
  ),
  repo: repoOption,
  timeout: wholeNumber("timeout").pipe(
    Options.withDescription("Wall-clock limit of the review in seconds."),
    Options.withPseudoName("SEC"),
    Options.optional
  ),
  json: Options.boolean("json").pipe(
    Options.withDescription("The review alone, as JSON, on standard output; progress on standard error.")
  ),
  config: configOption,
  trustConfig: Options.boolean("trust-config").pipe(
    Options.withDescription("Trust the configuration file as it is now, without a question.")
  )
}

interface ReviewFlags {
  readonly file: string
  readonly context: Option.Option<string>
  readonly repo: Option.Option<string>
  readonly timeout: Option.Option<number>
  readonly json: boolean
  readonly config: Option.Option<string>
  readonly trustConfig: boolean
}

export const reviewCommand = Command.make("review", options, (flags) => handle(flags))

export const reviewTopic = /* @__PURE__ */ topic(reviewCommand, {
  name: "review",
  usage: "<plan.md|-> [options]",
  summary:
    "Lets Codex look for holes in a plan before you run it. It tells what is missing, risky, untested or in the wrong order.",
  examples: [
    "codex-runner review plan.md",
    "codex-runner review plan.md --context CONTRIBUTING.md --json > review.json"
  ]
})

/** The request, or every file that can't be read and every text that can't be reviewed. */
const readRequest = Effect.fnUntraced(function*({ context, file }: ReviewFlags) {
  const plan = yield* Effect.either(readText(file, "a plan, or - for standard input"))
  const told = yield* Effect.either(
    Effect.forEach(Option.toArray(context), (name) => readText(name, "a text file for --context"))
  )
  const [plan_text, [repo_context]] = yield* bothOf(plan, told)
  return yield* Either.mapLeft(
    decodePlanReviewRequest({ plan_text, ...(repo_context === undefined ? {} : { repo_context }) }),
    (problems) => ({ problems })
  )
})

const handle = Effect.fnUntraced(
  function*(flags: ReviewFlags) {
    const output = yield* Output
    const [request, config] = yield* bothOf(
      yield* Effect.either(readRequest(flags)),
      yield* Effect.either(loadConfiguration(flags.config, given("default_timeout_sec", flags.timeout)))
    )
    yield* offerTrust(config, flags.trustConfig ? "trust" : flags.json ? "never" : "ask")
    const runner = yield* Effect.provide(
      CodexRunner,
      CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config)))
    )
    const review = yield* withProgress((watch) =>
      runner.reviewPlan(request, (event) => isMessage(event) ? Effect.void : watch(event))
    )
    yield* output.out(flags.json ? JSON.stringify(review, null, 2) : renderReview(output.onOut, review))
  },
  Effect.catchTags({
    RunRejected: (rejected) => tellNotStarted(rejected),
    PlanReviewFailed: (failure) => tellFailure(failure.message)
  }),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

/** What Codex says is the answer, or its draft: JSON, which is no news of progress. */
const isMessage = (event: RunEvent): boolean =>
  event._tag === "TaskCodexEvent" && "item" in event.event && event.event.item.type === "agent_message"
