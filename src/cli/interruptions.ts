/** Signals that end the program, and who tells the user of them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export class Interruptions extends Context.Tag("codex-runner/Interruptions")<
  Interruptions,
  {
    /** Until the scope closes, each signal is told to this in place of standard error; those that came before at once. */
    readonly toldTo: (tell: () => void) => Effect.Effect<void, never, Scope.Scope>
  }
>() {}

/**
 * The first signal ends the run gracefully; further ones must not cut that
 * short, and a lost terminal counts as one. `farewell` is said at Ctrl-C, if
 * nobody else tells of it.
 */
export const listen = (farewell: string | undefined): Context.Tag.Service<Interruptions> => {
  let signals = 0
  let listener: (() => void) | undefined
  const say = (): void => {
    if (farewell === undefined) return
    process.stderr.write(signals === 1 ? `\n${farewell}\n` : `${stillEnding}\n`)
  }
  const receive = (signal: "SIGINT" | "SIGTERM") => () => {
    signals += 1
    if (listener !== undefined) listener()
    else if (signal === "SIGINT") say()
  }
  process.on("SIGINT", receive("SIGINT"))
  process.on("SIGTERM", receive("SIGTERM"))
  process.on("SIGHUP", () => process.emit("SIGTERM"))
  return {
    toldTo: (tell) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          listener = tell
          for (let past = 0; past < signals; past++) tell()
        }),
        () => Effect.sync(() => listener = undefined)
      )
  }
}

const stillEnding = `Still ending. To leave at once: kill -9 ${process.pid}; ` +
  "then the next run in this repository ends what is left and keeps what was done."
