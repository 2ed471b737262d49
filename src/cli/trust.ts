/** `codex-runner trust`, and the question before a run. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { RunnerConfig, type RunnerConfigService } from "../config/RunnerConfig.ts"
import type { TrustedField } from "../config/trust.ts"
import { discover, type Repository } from "../git/Repository.ts"
import { Host } from "../process/Host.ts"
import { trustConfiguration, untrustedFields } from "../run/configTrust.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { configOption, hostLayer, loadConfiguration, repoOption } from "./inRepository.ts"
import { Output } from "./output.ts"
import { ask, isTerminal } from "./question.ts"
import { tellNotReady, tellProblems } from "./tell.ts"
import { topic } from "./topic.ts"

const options = {
  repo: repoOption,
  config: configOption,
  yes: Options.boolean("yes").pipe(Options.withDescription("Trust without a question, where there is no terminal."))
}

export const trustCommand = Command.make("trust", options, (flags) => handle(flags))

export const trustTopic = /* @__PURE__ */ topic(trustCommand, {
  name: "trust",
  usage: "[options]",
  summary:
    "Trusts the repository's configuration, once you have seen it. Shown is what in it could run programs, hand over secrets or weaken what is enforced.",
  examples: ["codex-runner trust", "codex-runner trust --yes"]
})

const show = Effect.fnUntraced(function*(config: RunnerConfigService, fields: ReadonlyArray<TrustedField>) {
  const { err, onErr } = yield* Output
  yield* err([
    `${config.origin.path} asks for:`,
    ...fields.map(({ field, value }) => `  ${onErr.bold(field)} = ${value}`),
    "These can run programs, hand over secrets or weaken what is enforced."
  ].join("\n"))
})

interface TrustFlags {
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
  readonly yes: boolean
}

const handle = Effect.fnUntraced(
  function*({ config: file, yes }: TrustFlags) {
    const { err } = yield* Output
    const { directory } = yield* Host
    const config = yield* loadConfiguration(file)
    const repository = yield* discover(directory)
    const fields = yield* untrustedFields(repository).pipe(Effect.provideService(RunnerConfig, config))
    if (fields.length === 0) {
      return yield* err(
        config.origin.needsTrust.length === 0
          ? "Nothing to trust: the configuration asks for nothing that needs it."
          : `${config.origin.path} is trusted as it is.`
      )
    }
    yield* show(config, fields)
    if (!yes && !isTerminal()) {
      yield* err("There is no terminal to ask at: add --yes to trust it.")
      return yield* new ExitWith({ code: exitCodes.notReady })
    }
    if (!yes && !(yield* ask("Trust this file? [y/N] "))) {
      yield* err("Not trusted.")
      return yield* new ExitWith({ code: exitCodes.notReady })
    }
    yield* trustConfiguration(repository, config.origin)
    yield* err("Trusted, until the file changes.")
  },
  Effect.catchTags({
    RunRejected: (rejected) => tellProblems(rejected),
    NotARepository: (error) => tellNotReady(error.message),
    SpawnFailed: (error) => tellNotReady(error.message),
    StateFolderRefused: (error) => tellNotReady(error.message),
    StoreFailed: (error) => tellNotReady(error.message)
  }),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

/** Before a run: trusts, asks at a terminal, or leaves it to the run to refuse. */
export const offerTrust = Effect.fnUntraced(function*(config: RunnerConfigService, how: "trust" | "ask" | "never") {
  const { directory } = yield* Host
  const repository: Repository | undefined = yield* discover(directory).pipe(Effect.orElseSucceed(() => undefined))
  if (repository === undefined) return
  const fields = yield* untrustedFields(repository).pipe(
    Effect.provideService(RunnerConfig, config),
    // The run tells what is wrong with the state folder.
    Effect.orElseSucceed(() => [])
  )
  if (fields.length === 0 || how === "never" || (how === "ask" && !isTerminal())) return
  if (how === "ask") {
    yield* show(config, fields)
    if (!(yield* ask("Trust this file and go on? [y/N] "))) return
  }
  yield* Effect.ignoreLogged(trustConfiguration(repository, config.origin))
})
