/**
 * The real stages below Codex (processes, git, worktrees, capture), wired for
 * one throw-away repository, and the few steps that most of their tests share.
 *
 *     it.scoped("...", () => Effect.gen(function*() {
 *       const repo = yield* gitRepo()
 *       yield* Effect.gen(function*() {
 *         const worktree = yield* acquireWorktree(repo)
 *         writeFiles(worktree.path, { "a.txt": "a\n" })
 *         const changes = yield* captureChanges(worktree)
 *         assert.deepStrictEqual(changes.files.map((file) => file.path), ["a.txt"])
 *       }).pipe(Effect.provide(stages(repo)))
 *     }))
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { decodeConfig } from "../../src/config/decodeConfig.ts"
import { type AdmittedTask, RunId, TaskId } from "../../src/domain/Task.ts"
import { Git } from "../../src/git/Git.ts"
import { RepoLock } from "../../src/git/RepoLock.ts"
import { discover, readBaseTree, resolveCommit } from "../../src/git/Repository.ts"
import { Patches } from "../../src/patch/Patches.ts"
import { admit } from "../../src/policy/admission.ts"
import { Host } from "../../src/process/Host.ts"
import { Processes } from "../../src/process/Processes.ts"
import { type Layout, layoutOf, refOf, worktreePlaces } from "../../src/store/stateFolder.ts"
import { Trash } from "../../src/worktree/Trash.ts"
import { type Worktree, Worktrees } from "../../src/worktree/Worktrees.ts"
import type { GitRepo } from "./GitRepo.ts"

/** Processes, over Node. */
export const processes = Processes.layer.pipe(Layer.provideMerge(NodeContext.layer))

/** Every stage up to capture, as it ships, in an environment without anything of the user's. */
export const stages = (repo: GitRepo, env: Readonly<Record<string, string>> = repo.env) =>
  Layer.mergeAll(Worktrees.layer, Patches.layer).pipe(
    Layer.provideMerge(Layer.mergeAll(Git.layer, RepoLock.layer, Trash.layer)),
    Layer.provideMerge(processes),
    Layer.provideMerge(Layer.succeed(Host, { env, directory: repo.root }))
  )

/** A task that has passed admission, under the default configuration. */
export const admittedTask = (taskId: string, runId = "run"): AdmittedTask => {
  const request = { tasks: [{ task_id: TaskId.make(taskId), prompt: "Do it" }] }
  const config = Either.getOrThrow(decodeConfig({}))
  const run = Either.getOrThrow(admit({ request, config, runId: RunId.make(runId), baseCommit: "0".repeat(40) }))
  const [task] = run.tasks
  if (task === undefined) throw new Error("no task was admitted")
  return task
}

/** Where the state of the test's runs is. */
export const layoutFor = (repo: GitRepo): Effect.Effect<Layout, unknown, Git> =>
  Effect.map(discover(repo.root), (repository) => layoutOf(`${repo.home}/state`, repository))

/** A task's worktree, as a run makes it: of HEAD, checked out, before setup. */
export const acquireWorktree = (
  repo: GitRepo,
  options: { readonly taskId?: string; readonly checkout?: boolean; readonly excludes?: string } = {}
) =>
  Effect.gen(function*() {
    const worktrees = yield* Worktrees
    const repository = yield* discover(repo.root)
    const commit = yield* resolveCommit(repository, "HEAD")
    if (commit === undefined) return yield* Effect.dieMessage("the repository has no commit")
    const task = admittedTask(options.taskId ?? "task")
    return yield* worktrees.acquire({
      task,
      repository,
      base: yield* readBaseTree(repository, commit),
      places: worktreePlaces(layoutOf(`${repo.home}/state`, repository), task.runId, task.taskId),
      excludes: options.excludes ?? "",
      checkout: options.checkout ?? true
    })
  })

/** Where {@link captureChanges} publishes. */
export const testRef = refOf("run", "task")

/** What the task left in its worktree, captured and published. */
export const captureChanges = (
  worktree: Worktree,
  options: { readonly ref?: string; readonly patchPath?: string; readonly isDisposable?: (path: string) => boolean } =
    {}
) =>
  Effect.flatMap(Patches, (patches) =>
    patches.capture({
      worktree,
      isDisposable: options.isDisposable ?? (() => false),
      ref: options.ref ?? testRef,
      message: "what the task left",
      patchPath: options.patchPath ?? `${worktree.git.directory}/../patch.diff`
    }))
