/** The program as a process: logging, signals, exit codes. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import type { RunMain } from "@effect/platform/Runtime"
import type { Terminal } from "@effect/platform/Terminal"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { maskFor } from "../audit/redaction.ts"
import { takeLevel } from "../telemetry/levels.ts"
import { observed } from "../telemetry/observed.ts"
import { exitCodes, ExitWith } from "./exit.ts"
import { isCommand } from "./help.ts"
import { Interruptions, listen } from "./interruptions.ts"
import { Output } from "./output.ts"
import { program, refuse } from "./program.ts"

/** What the program needs of a platform. */
export interface Platform {
  readonly layer: Layer.Layer<CommandExecutor | FileSystem | Path | Terminal>
  readonly runMain: RunMain
}

/** What is said at Ctrl-C; the other commands have nothing to end that would be worth a word. */
const farewells: ReadonlyMap<string, string> = new Map([
  ["run", "Ending the run: what was done is kept …"],
  ["resume", "Ending the run: what was done is kept …"],
  ["demo", "Ending the demo …"],
  ["review", "Ending the review …"]
])

/** Runs the command line and ends the process with its exit code. */
export const main = (argv: ReadonlyArray<string>, platform: Platform): void => {
  const { args, fault, level } = takeLevel(argv)
  const [, , word = ""] = args
  const interruptions = Layer.succeed(Interruptions, listen(farewells.get(word)))
  outliveReaders()
  const told = fault === undefined ? program(args) : refuse(fault)
  told.pipe(
    Effect.provide(Layer.mergeAll(platform.layer, Output.layer, interruptions)),
    Effect.tapErrorCause((cause) =>
      Cause.isInterruptedOnly(cause) || isSaid(cause) ? Effect.void : Effect.logError("codex-runner failed", cause)
    ),
    observed(isCommand(word) ? word : "unknown", { env: process.env, level, mask: maskFor(process.env) }),
    platform.runMain({
      disablePrettyLogger: true,
      disableErrorReporting: true,
      teardown: (exit, onExit) => onExit(codeOf(exit))
    })
  )
}

const isSaid = (cause: Cause.Cause<unknown>): boolean =>
  Option.exists(Cause.failureOption(cause), (error) => error instanceof ExitWith)

const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return exitCodes.success
  if (Cause.isInterruptedOnly(exit.cause)) return exitCodes.interrupted
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return failure instanceof ExitWith ? failure.code : exitCodes.failure
}

/** `| head`, or a terminal that was closed: the next write fails, which would end the process in the middle of the run. */
const outliveReaders = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
}
