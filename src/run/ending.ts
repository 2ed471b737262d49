/** How a task came out: from how Codex ended and what it said, or from what went wrong around it. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type * as Transcript from "../audit/Transcript.ts"
import type { CodexOutput } from "../codex/Codex.ts"
import { judgeEnd } from "../codex/failures.ts"
import type { TaskError, TaskStatus } from "../domain/Result.ts"
import { EnforcementBreach } from "../gate/watchGate.ts"
import { errorOf, TaskTimedOut } from "./atWork.ts"

/** How a task came out, before anyone has looked at its files. */
export interface Ending {
  readonly status: TaskStatus
  readonly error: TaskError | null
  readonly exitCode: number | null
  /** What ended it, where that was a breach of the gate. */
  readonly breach?: string
}

/** What is known so far: kept outside the fibers that may be interrupted, so that nothing seen is lost. */
export interface Progress {
  readonly transcript: Transcript.Transcript
  readonly ended: Extract<CodexOutput, { _tag: "Ended" }> | null
}

export const endingOf = (
  exit: Exit.Exit<void, { readonly _tag: string; readonly message: string }>,
  seen: Progress
): Ending => {
  const exitCode = seen.ended?.exit.code ?? null
  if (Exit.isFailure(exit)) return { ...endingOfCause(exit.cause), exitCode }
  const judgement = judgeEnd({
    transcript: seen.transcript,
    exit: seen.ended?.exit ?? { code: null, signal: "unknown" },
    stderrTail: seen.ended?.stderrTail ?? ""
  })
  return judgement.ok
    ? { status: "success", error: null, exitCode }
    : { status: "failed", error: judgement.error, exitCode }
}

/** A failure by its kind, an interruption as cancelled, anything unforeseen as internal. */
export const endingOfCause = (cause: Cause.Cause<{ readonly _tag: string; readonly message: string }>): Ending => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") {
    const status = failure.value instanceof TaskTimedOut ? "timeout" : "failed"
    return {
      status,
      error: errorOf(failure.value),
      exitCode: null,
      ...(failure.value instanceof EnforcementBreach ? { breach: failure.value.detail } : {})
    }
  }
  return Cause.isInterruptedOnly(cause)
    ? { status: "cancelled", error: { kind: "cancelled", message: "The run was cancelled." }, exitCode: null }
    : { status: "failed", error: { kind: "internal", message: Cause.pretty(cause).slice(0, 2000) }, exitCode: null }
}
