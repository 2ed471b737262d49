/** The command tree, and the quirks of its library tamed. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import { stripVTControlCharacters } from "node:util"
import { version } from "../version.ts"
import { applyCommand } from "./apply.ts"
import { cancelCommand } from "./cancel.ts"
import { completionsCommand } from "./completions.ts"
import { demoCommand } from "./demo.ts"
import { doctorCommand } from "./doctor.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { seeFor, usageFault } from "./help.ts"
import { initCommand } from "./init.ts"
import { mcpCommand } from "./mcp.ts"
import { Output } from "./output.ts"
import { resumeCommand } from "./resume.ts"
import { reviewCommand } from "./review.ts"
import { runCommand } from "./run.ts"
import { runsCommand } from "./runs/command.ts"
import { trustCommand } from "./trust.ts"

const root = Command.make("codex-runner").pipe(
  Command.withDescription("Run many Codex tasks on one repository at once, each in its own git worktree."),
  Command.withSubcommands([
    runCommand,
    reviewCommand,
    applyCommand,
    runsCommand,
    resumeCommand,
    cancelCommand,
    initCommand,
    doctorCommand,
    trustCommand,
    mcpCommand,
    demoCommand,
    completionsCommand
  ])
)

const cli = Command.run(root, { name: "codex-runner", version, executable: "codex-runner" })

/** The library takes a lone `-` for an option, and reads none after it. */
const dashLast = (argv: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...argv.filter((arg) => arg !== "-"),
  ...argv.filter((arg) => arg === "-")
]

/** The library's own completions know no values and no files; ours come under its name, too. */
const ownCompletions = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [, , option = "", shell] = argv
  if (!/^--completions(=|$)/.test(option)) return argv
  return [...argv.slice(0, 2), "completions", ...[option.split("=")[1] ?? shell ?? []].flat()]
}

/** What is wrong with how a command was called. */
export const refuse = (fault: string) =>
  Effect.flatMap(
    Output,
    ({ err, onErr }) => Effect.zipRight(err(onErr.red(fault)), new ExitWith({ code: exitCodes.usage }))
  )

/** Parses the arguments and runs the command they name. Usage errors are told on stderr. */
export const program = (args: ReadonlyArray<string>) =>
  Effect.flatMap(Output, ({ err, onErr, onOut, out }) => {
    // The library colours its help wherever it goes.
    const text = (on: boolean, parts: ReadonlyArray<unknown>) =>
      on ? parts.join(" ") : stripVTControlCharacters(parts.join(" "))
    const argv = ownCompletions(args)
    const fault = usageFault(argv.slice(2))
    if (fault !== undefined) return refuse(fault)
    return Effect.consoleWith((console) =>
      Effect.withConsole(cli(dashLast(argv)), {
        ...console,
        log: (...parts) => out(text(onOut.on, parts).trimEnd()),
        error: (...parts) => err(text(onErr.on, parts).trimEnd())
      })
    ).pipe(
      Effect.provide(CliConfig.layer({ showBuiltIns: false, showTypes: false, showAllNames: false })),
      // The library has told what is wrong; where to read on and the exit code are ours.
      Effect.catchIf(ValidationError.isValidationError, () =>
        Effect.zipRight(err(seeFor(argv.slice(2))), new ExitWith({ code: exitCodes.usage })))
    )
  })
