/**
 * Many Codex tasks on one repository at once, as Effects.
 *
 * ```ts
 * const program = CodexRunner.run({ tasks: [{ task_id: TaskId.make("readme"), prompt: "…" }] })
 *
 * program.pipe(
 *   Effect.provide(CodexRunner.layer),
 *   Effect.provide(RunnerConfig.layerFile({ repoRoot: "." })),
 *   Effect.provide(NodeContext.layer)
 * )
 * ```
 */

// Running.
export { CodexRunner } from "./CodexRunner.ts"
export { ConfigInvalid } from "./config/readConfigFile.ts"
export {
  type ConfigFileOptions,
  type ConfigOrigin,
  RunnerConfig,
  type RunnerConfigData,
  type RunnerConfigInput,
  type RunnerConfigService
} from "./config/RunnerConfig.ts"
export { type RunnerConfigFile, type SandboxMode } from "./config/RunnerConfigFile.ts"
export { type TrustedField } from "./config/trust.ts"
export { Host } from "./process/Host.ts"
export { Runs } from "./Runs.ts"

// What is asked for.
export { type ApplyRequest } from "./domain/Apply.ts"
export { decodePlanReviewRequest, PlanReviewRequest } from "./domain/PlanReview.ts"
export { decodeRequest, ResourcePolicy, RunId, RunRequest, TaskId, TaskSpec } from "./domain/Task.ts"
export { type CleanRequest } from "./run/cleanRuns.ts"

// What comes of it.
export { Applied, AppliedTask, ApplyProblem, ApplyProblemKind, NotApplied } from "./domain/Apply.ts"
export { CodexEvent } from "./domain/CodexEvent.ts"
/** What a {@link CodexEvent} is made of. */
export * as CodexEvents from "./domain/CodexEvent.ts"
export { RunConflicts, TaskConflict } from "./domain/Conflicts.ts"
export { PlanReport, PlanReview, PlanReviewFailed } from "./domain/PlanReview.ts"
export { formatProblem, Problem, RunRejected } from "./domain/Problem.ts"
export {
  CommandRun,
  Denied,
  Enforcement,
  ErrorKind,
  Reads,
  RunResult,
  RunStatus,
  TaskError,
  TaskResult,
  TaskStatus,
  Usage,
  Violation,
  ViolationKind
} from "./domain/Result.ts"
export {
  RunEvent,
  RunFinished,
  RunStarted,
  TaskCodexEvent,
  TaskDenied,
  TaskFinished,
  TaskNote,
  TaskStage,
  TaskStageEntered,
  type Watch
} from "./domain/RunEvent.ts"
export { type RunState, RunSummary, TaskProgress, TaskState } from "./domain/RunState.ts"
export { StoryEntry, StoryKind, TaskStory } from "./domain/TaskStory.ts"
export { type CleanItem, type CleanPlan } from "./run/cleanRuns.ts"
export { type Check } from "./run/doctor.ts"
export { type TaskLogEntry, type TaskLogRequest } from "./run/taskLog.ts"
export { type OutputPage, type OutputQuery, type TaskOutput } from "./run/taskOutput.ts"
export { type TaskPatch } from "./run/taskPatch.ts"
export { type RunVerdict } from "./run/verifyRuns.ts"

// The stages, each of which can be replaced, and what they say to one another.
export { NotAuthenticated } from "./codex/authentication.ts"
export {
  Codex,
  type CodexFailed,
  type CodexJob,
  type CodexOutput,
  type CodexSession,
  type OpenOptions
} from "./codex/Codex.ts"
export { type CodexBinary, CodexMissing } from "./codex/locate.ts"
export { type CodexTraits, CodexUnusable } from "./codex/probe.ts"
export { type AppliedPatch } from "./domain/Apply.ts"
export { type ChangedFile } from "./domain/Changes.ts"
export { type AdmittedRun, type AdmittedTask } from "./domain/Task.ts"
export { type ArmedGate, Gate, PolicyNotWritten } from "./gate/Gate.ts"
export { GateNotProven, type ProofOptions } from "./gate/provenGate.ts"
export {
  Git,
  type GitAnswer,
  type GitCall,
  GitFailed,
  type GitTarget,
  type PrivateTarget,
  type RepositoryTarget
} from "./git/Git.ts"
export { RepoLock } from "./git/RepoLock.ts"
export { type BaseTree, type Repository } from "./git/Repository.ts"
export { type ApplyCheck } from "./patch/applicability.ts"
export { CaptureFailed } from "./patch/CaptureFailed.ts"
export { type CaptureOptions, type Changes, Patches } from "./patch/Patches.ts"
export { type Deeds, SecurityPolicy } from "./policy/SecurityPolicy.ts"
export { type Containment } from "./process/containment.ts"
export { OutputLimit, ProcessFailed, ProcessTimedOut, type RunFailed, SpawnFailed } from "./process/failures.ts"
export { LockFailed } from "./process/fileLock.ts"
export {
  type Child,
  type Completed,
  type Exit,
  Processes,
  type ProcessSpec,
  type RunSpec
} from "./process/Processes.ts"
export { type SlotRules, Slots } from "./process/Slots.ts"
export { type StopPolicy } from "./process/stop.ts"
export { shippedStages, type Surroundings } from "./run/shippedStages.ts"
export { type Stages } from "./run/Stages.ts"
export { StoreFailed } from "./store/durable.ts"
export { type RunRecord, type RunSettings } from "./store/readRun.ts"
export { RunBusy, RunExists, RunStore, type StoredRun } from "./store/RunStore.ts"
export { type Layout } from "./store/stateFolder.ts"
export { type Glance } from "./store/summary.ts"
export { type PrivateGit } from "./worktree/PrivateGit.ts"
export { Trash } from "./worktree/Trash.ts"
export { type Worktree, WorktreeFailed, type WorktreePlaces, Worktrees } from "./worktree/Worktrees.ts"
