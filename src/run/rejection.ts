/** What keeps a run from being started, as the problem that is told of it. */
import type { PlatformError } from "@effect/platform/Error"
import { type Problem, RunRejected } from "../domain/Problem.ts"
import type { GitFailed } from "../git/Git.ts"
import type { SpawnFailed } from "../process/failures.ts"
import type { LockFailed } from "../process/fileLock.ts"
import type { StoreFailed } from "../store/durable.ts"
import type { RunBusy, RunExists } from "../store/RunStore.ts"
import type { WorktreeFailed } from "../worktree/Worktrees.ts"

/** With a full stop at its end. */
export const sentence = (text: string): string => /[.!?]$/.test(text) ? text : `${text}.`

/** Refused for something of the machine or the repository. */
export const rejected = (at: string, message: string, remedy?: string): RunRejected => {
  const problem: Problem = { area: "environment", at, message, ...(remedy === undefined ? {} : { remedy }) }
  return new RunRejected({ problems: [problem] })
}

/** Refused for something that was asked for. */
export const rejectedRequest = (at: string, message: string, remedy?: string): RunRejected => {
  const problem: Problem = { area: "request", at, message, ...(remedy === undefined ? {} : { remedy }) }
  return new RunRejected({ problems: [problem] })
}

export type Refusal =
  | RunRejected
  | RunExists
  | RunBusy
  | StoreFailed
  | GitFailed
  | SpawnFailed
  | WorktreeFailed
  | LockFailed
  | PlatformError

export const asRejection = (error: Refusal): RunRejected => {
  switch (error._tag) {
    case "RunRejected":
      return error
    case "RunExists":
      return rejectedRequest("run_id", error.message)
    case "RunBusy":
      return rejectedRequest("run", error.message, `End it first: codex-runner cancel ${error.run_id}.`)
    case "StoreFailed":
    case "LockFailed":
    case "SystemError":
    case "BadArgument":
      return rejected("state_dir", sentence(error.message))
    case "GitFailed":
      return rejected("repository", sentence(error.message))
    case "SpawnFailed":
      return rejected("git", sentence(error.message))
    case "WorktreeFailed":
      return rejected("worktree", sentence(error.message))
  }
}
