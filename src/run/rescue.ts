/** One task of a run whose runner died: its processes ended, its work made a commit, its folders gone. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import * as path from "node:path"
import { taskMarker } from "../codex/Codex.ts"
import { RunnerConfig, type RunnerConfigData } from "../config/RunnerConfig.ts"
import type { TaskResult } from "../domain/Result.ts"
import type { BaseTree, Repository } from "../git/Repository.ts"
import { worktreeEntries } from "../git/worktreeEntries.ts"
import { Patches } from "../patch/Patches.ts"
import { compilePathRules, judgePath } from "../policy/pathRules.ts"
import { endMarked } from "../process/leftovers.ts"
import { type Layout, refOf, taskFolder, worktreePlaces } from "../store/stateFolder.ts"
import { privateGitAt } from "../worktree/PrivateGit.ts"
import { Trash } from "../worktree/Trash.ts"
import type { Worktree } from "../worktree/Worktrees.ts"
import { finalResult } from "./deadRuns.ts"

export interface DeadTask {
  readonly repository: Repository
  readonly layout: Layout
  readonly runId: string
  readonly taskId: string
  /** None where the base commit is gone. */
  readonly base: Option.Option<BaseTree>
  /** Whether its Codex was started: before that, nothing in the worktree is its work. */
  readonly begun: boolean
}

export interface Rescued {
  /** Refs under which the work is now. */
  readonly saved: ReadonlyArray<string>
  /** Worktrees that stay, because not everything in them could be captured. */
  readonly kept: ReadonlyArray<string>
  /** Whether it was tried in vain: then it is tried again. */
  readonly failed: boolean
}

/** Whether the user wants a task's worktree to stay. */
export const isWanted = ({ keep_worktrees }: RunnerConfigData, result: TaskResult): boolean =>
  keep_worktrees === "always" || (keep_worktrees === "on_failure" && result.status !== "success")

export const rescueTask = Effect.fn("rescueTask")(function*(task: DeadTask) {
  const { layout, runId, taskId } = task
  const trash = yield* Trash
  const places = worktreePlaces(layout, runId, taskId)
  yield* endMarked("CODEX_RUNNER_TASK", taskMarker({ runId, taskId }, places.worktree).CODEX_RUNNER_TASK)
  const { stays, ...rescued } = existsSync(places.worktree) ? yield* rescueWork(task, places.worktree) : nothing
  const over = [...(stays ? [] : [places.worktree]), ...(rescued.failed ? [] : [places.gitDir, places.scratch])]
  for (const folder of over) yield* trash.discard(folder, places.trash)
  return rescued satisfies Rescued
})

interface Outcome extends Rescued {
  /** Whether the worktree is kept, for what it holds or because the user wants it. */
  readonly stays: boolean
}

const nothing: Outcome = { saved: [], kept: [], failed: false, stays: false }

const rescueWork = Effect.fnUntraced(function*(task: DeadTask, worktree: string) {
  const final = finalResult(task.layout, task.runId, task.taskId)
  if (Option.isSome(final)) {
    if (!final.value.captured) return { ...nothing, kept: [worktree], stays: true }
    return { ...nothing, stays: isWanted(yield* RunnerConfig, final.value) }
  }
  return task.begun ? yield* capture(task) : nothing
})

/** What the task had changed, as a commit under its ref; where that fails, the worktree stays. */
const capture = Effect.fnUntraced(function*({ base, layout, repository, runId, taskId }: DeadTask) {
  const patches = yield* Patches
  const config = yield* RunnerConfig
  const places = worktreePlaces(layout, runId, taskId)
  const inVain: Outcome = { saved: [], kept: [places.worktree], failed: true, stays: true }
  if (Option.isNone(base)) return inVain
  const worktree: Worktree = {
    path: places.worktree,
    git: privateGitAt({ directory: places.gitDir, workTree: places.worktree, repository }),
    repository,
    base: base.value,
    entry: worktreeEntries(repository).find((one) => one.worktree === places.worktree)?.entry ?? "",
    home: `${places.scratch}/home`,
    keep: Effect.void
  }
  const rules = compilePathRules({ allowed: ["**"], protected: [], disposable: config.disposable_paths })
  const captured = yield* Effect.either(patches.capture({
    worktree,
    isDisposable: (file) => judgePath(rules, file)._tag === "Disposable",
    ref: refOf(runId, taskId),
    message: `codex-runner: ${runId}/${taskId}\n\nWhat the task had left in its worktree when its runner died.`,
    patchPath: path.join(taskFolder(layout, runId, taskId), "patch.diff")
  }))
  if (captured._tag === "Left") return yield* Effect.as(Effect.logWarning(captured.left.message), inVain)
  const { incomplete, ref } = captured.right
  const stays = incomplete.length > 0
  const saved = ref === null ? [] : [ref]
  return { saved, kept: stays ? [places.worktree] : [], failed: false, stays } satisfies Outcome
})
