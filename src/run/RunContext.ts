/** What all tasks of one run share. */
import type * as Effect from "effect/Effect"
import type { TaskResult } from "../domain/Result.ts"
import type { RunEvent } from "../domain/RunEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import type { SetupPlan } from "../worktree/setup.ts"
import type { Ready } from "./preflight.ts"

export interface RunContext {
  readonly ready: Ready
  readonly setup: Omit<SetupPlan, "logPath">
  readonly niceness: number | undefined
  /** Masks secrets in whatever leaves the state folder. */
  readonly redact: (text: string) => string
  /** Tells the journal and everyone who watches. */
  readonly emit: (event: RunEvent) => Effect.Effect<void>
  /** Keeps a task's final result and tells of it. */
  readonly finish: (task: AdmittedTask, result: TaskResult) => Effect.Effect<void>
}
