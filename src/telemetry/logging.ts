/** Log lines, on standard error: standard output carries results alone. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { Level } from "./levels.ts"

const logLevels: Readonly<Record<Level, LogLevel.LogLevel>> = {
  all: LogLevel.All,
  trace: LogLevel.Trace,
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  fatal: LogLevel.Fatal,
  none: LogLevel.None
}

/** logfmt, one line each, masked. */
export const logging = (level: Level, mask: (text: string) => string): Layer.Layer<never> =>
  Layer.merge(
    Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.map(Logger.logfmtLogger, mask))),
    Logger.minimumLogLevel(logLevels[level])
  )
