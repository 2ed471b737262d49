/** What all tasks of one run share. */
import type * as Effect from "effect/Effect"
import type { TaskResult } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import type { SetupPlan } from "../worktree/setup.ts"
import type { EarlierAttempt } from "./earlierAttempt.ts"
import type { Ready } from "./preflight.ts"

export interface RunContext {
  readonly ready: Ready
  readonly setup: Omit<SetupPlan, "logPath">
  readonly niceness: number | undefined
  /** Of a run that is resumed: what tasks can go on from, by their ids. */
  readonly earlier: ReadonlyMap<string, EarlierAttempt>
  /** Masks secrets in whatever leaves the state folder. */
  readonly redact: (text: string) => string
  /** Tells the journal and everyone who watches. */
  readonly emit: Watch
  /** Keeps a task's final result and tells of it. */
  readonly finish: (task: AdmittedTask, result: TaskResult) => Effect.Effect<void>
}
