/** The command tree, and the quirks of its library tamed. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import { stripVTControlCharacters } from "node:util"
import { version } from "../version.ts"
import { demoCommand, demoTopic } from "./demo.ts"
import { doctorCommand, doctorTopic } from "./doctor.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { helpFor, optionFault } from "./help.ts"
import { Output } from "./output.ts"
import { runCommand, runTopic } from "./run.ts"
import { runsCommand, runsTopics } from "./runs.ts"
import { trustCommand, trustTopic } from "./trust.ts"

const topics = [runTopic, doctorTopic, trustTopic, ...runsTopics, demoTopic]

const root = Command.make("codex-runner").pipe(
  Command.withDescription("Run many Codex tasks on one repository at once, each in its own git worktree."),
  Command.withSubcommands([runCommand, doctorCommand, trustCommand, runsCommand, demoCommand])
)

const cli = Command.run(root, { name: "codex-runner", version, executable: "codex-runner" })

/** The library takes a lone `-` for an option, and reads none after it. */
const dashLast = (argv: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...argv.filter((arg) => arg !== "-"),
  ...argv.filter((arg) => arg === "-")
]

/** Parses the arguments and runs the command they name. Usage errors are told on stderr. */
export const program = (argv: ReadonlyArray<string>) =>
  Effect.flatMap(Output, ({ err, onErr, onOut, out }) => {
    // The library colours its help wherever it goes.
    const text = (on: boolean, args: ReadonlyArray<unknown>) =>
      on ? args.join(" ") : stripVTControlCharacters(args.join(" "))
    const help = helpFor(argv.slice(2), topics, onOut)
    if (help !== undefined) return out(help)
    const fault = optionFault(argv.slice(2), topics)
    if (fault !== undefined) return Effect.zipRight(err(onErr.red(fault)), new ExitWith({ code: exitCodes.usage }))
    return Effect.consoleWith((console) =>
      Effect.withConsole(cli(dashLast(argv)), {
        ...console,
        log: (...args) => out(text(onOut.on, args).trimEnd()),
        error: (...args) => err(text(onErr.on, args).trimEnd())
      })
    ).pipe(
      Effect.provide(CliConfig.layer({ showBuiltIns: false, showTypes: false, showAllNames: false })),
      // The library has told what is wrong; the exit code is ours.
      Effect.catchIf(ValidationError.isValidationError, () => new ExitWith({ code: exitCodes.usage }))
    )
  })
