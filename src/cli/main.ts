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
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { exitCodes, ExitWith } from "./exit.ts"
import { Output } from "./output.ts"
import { program } from "./program.ts"

/** Log lines on stderr: stdout carries results alone. */
const logging = Layer.mergeAll(
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)),
  Logger.minimumLogLevel(LogLevel.Warning)
)

/** What the program needs of a platform. */
export interface Platform {
  readonly layer: Layer.Layer<CommandExecutor | FileSystem | Path | Terminal>
  readonly runMain: RunMain
}

/** Runs the command line and ends the process with its exit code. */
export const main = (argv: ReadonlyArray<string>, platform: Platform): void => {
  patience()
  outliveReaders()
  program(argv).pipe(
    Effect.provide(Layer.mergeAll(platform.layer, Output.layer, logging)),
    Effect.tapErrorCause((cause) =>
      Cause.isInterruptedOnly(cause) || isSaid(cause) ? Effect.void : Effect.logError("codex-runner failed", cause)
    ),
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

/** The first signal ends the run gracefully; further ones must not cut that short, and a lost terminal counts as one. */
const patience = (): void => {
  let signals = 0
  process.on("SIGINT", () => {
    signals += 1
    process.stderr.write(signals === 1 ? "\nEnding the run: what was done is kept …\n" : "Still ending …\n")
  })
  process.on("SIGTERM", () => undefined)
  process.on("SIGHUP", () => process.emit("SIGTERM"))
}

/** `| head`, or a terminal that was closed: the next write fails, which would end the process in the middle of the run. */
const outliveReaders = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
}
