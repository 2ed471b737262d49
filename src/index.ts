/**
 * Many Codex tasks on one repository at once, as Effects.
 *
 * ```ts
 * const program = Effect.flatMap(CodexRunner, (runner) =>
 *   runner.run({ tasks: [{ task_id: TaskId.make("readme"), prompt: "…" }] }))
 *
 * program.pipe(
 *   Effect.provide(CodexRunner.layer),
 *   Effect.provide(RunnerConfig.layerFile({ repoRoot: "." })),
 *   Effect.provide(NodeContext.layer)
 * )
 * ```
 */
export { Codex, type CodexFailed, type CodexJob, type CodexOutput, type CodexSession } from "./codex/Codex.ts"
export { CodexRunner, type Stages } from "./CodexRunner.ts"
export { ConfigInvalid } from "./config/readConfigFile.ts"
export { RunnerConfig, type RunnerConfigData, type RunnerConfigInput } from "./config/RunnerConfig.ts"
export { type ChangedFile } from "./domain/Changes.ts"
export { CodexEvent } from "./domain/CodexEvent.ts"
export { formatProblem, Problem, RunRejected } from "./domain/Problem.ts"
export {
  CommandRun,
  Denied,
  Enforcement,
  ErrorKind,
  RunResult,
  RunStatus,
  TaskError,
  TaskResult,
  TaskStatus,
  Usage,
  Violation,
  ViolationKind
} from "./domain/Result.ts"
export { RunEvent, TaskStage } from "./domain/RunEvent.ts"
export {
  type AdmittedRun,
  type AdmittedTask,
  ResourcePolicy,
  RunId,
  RunRequest,
  TaskId,
  TaskSpec
} from "./domain/Task.ts"
export { Git, type GitAnswer, type GitCall, GitFailed, type GitTarget } from "./git/Git.ts"
export { LockFailed, RepoLock } from "./git/RepoLock.ts"
export { type BaseTree, type Repository } from "./git/Repository.ts"
export { CaptureFailed, type CaptureOptions, type Changes, Patches } from "./patch/Patches.ts"
export { type Deeds, SecurityPolicy } from "./policy/SecurityPolicy.ts"
export { Host } from "./process/Host.ts"
export {
  type Child,
  type Completed,
  type Exit,
  Processes,
  type ProcessSpec,
  type RunSpec,
  SpawnFailed,
  type StopPolicy
} from "./process/Processes.ts"
export { decodeRequest } from "./run/startRun.ts"
export { StoreFailed } from "./store/durable.ts"
export { RunStore, type StoredRun } from "./store/RunStore.ts"
export { Trash } from "./worktree/Trash.ts"
export { type Worktree, WorktreeFailed, type WorktreePlaces, Worktrees } from "./worktree/Worktrees.ts"
