/** How a command ends for the shell. */
import * as Schema from "effect/Schema"
import type { Problem } from "../domain/Problem.ts"
import type { RunResult } from "../domain/Result.ts"

/** 0 every task succeeded · 1 some did not · 2 usage, request or configuration · 3 the environment isn't ready · 130 interrupted */
export const exitCodes = { success: 0, failure: 1, usage: 2, notReady: 3, interrupted: 130 } as const

/** The command has said all there is to say; only the exit code is left. */
export class ExitWith extends Schema.TaggedError<ExitWith>()("ExitWith", { code: Schema.Number }) {}

export const exitCodeOf = ({ results, status }: RunResult): number => {
  if (status === "cancelled") return exitCodes.interrupted
  // What is still running, or never came to its end, lacks results.
  const wellEnded = status === "completed" &&
    results.every((task) => task.status === "success" || (task.status === "skipped" && task.error === null))
  return wellEnded ? exitCodes.success : exitCodes.failure
}

export const exitCodeOfProblems = (problems: ReadonlyArray<Problem>): number =>
  problems.some((problem) => problem.area !== "environment") ? exitCodes.usage : exitCodes.notReady
