/**
 * `apply`: the patches of a run's tasks put into the user's checkout, or on a
 * new branch, all or nothing. What is wrong is found before anything is
 * touched, and told at once.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as path from "node:path"
import { type Applied, type ApplyProblem, applyProblem, type ApplyRequest, NotApplied } from "../domain/Apply.ts"
import type { TaskId } from "../domain/Task.ts"
import { RepoLock } from "../git/RepoLock.ts"
import { type Repository, resolveCommit } from "../git/Repository.ts"
import { changesBetween } from "../git/treeChanges.ts"
import { RunStore, type StoredRun } from "../store/RunStore.ts"
import type { Layout } from "../store/stateFolder.ts"
import { branchProblems, commitTasks, makeBranch } from "./applyBranch.ts"
import { changeCheckout, look } from "./applyCheckout.ts"
import { openCheckout } from "./applyHolding.ts"
import { type MergedTask, mergeTasks } from "./applyMerge.ts"
import { inspect } from "./applyObstacles.ts"
import { recordApplied, setRight } from "./applyRecovery.ts"
import { select, type Selection } from "./applySelect.ts"
import { findRun, findTaskId } from "./findRun.ts"
import { openQuarantine, publish } from "./quarantine.ts"
import { locate } from "./startRun.ts"
import { sweepLock } from "./sweep.ts"

/** What is put where: the same for a checkout and a branch. */
interface Applying {
  readonly repository: Repository
  readonly layout: Layout
  readonly run: StoredRun
  readonly selection: Selection
  readonly check: boolean
  readonly notes: ReadonlyArray<string>
}

export const apply = Effect.fn("apply")(function*(request: ApplyRequest) {
  const { layout, repository } = yield* locate()
  const locks = yield* RepoLock
  const run = yield* findRun(layout, request.run)
  const named = request.tasks === undefined || request.tasks.length === 0
    ? undefined
    : yield* Effect.forEach(request.tasks, (name) => findTaskId(run, name))
  // No run is resumed, and no other apply done, meanwhile: what is on record has one writer.
  return yield* locks.withLock(sweepLock(layout))(
    Effect.gen(function*() {
      const { branch, check = false } = request
      const notes = branch === undefined ? yield* setRight(layout, repository) : []
      const selection = select(layout, run, named)
      yield* orNotApplied(run, [
        ...(yield* recordProblems(layout, run)),
        ...selection.problems,
        ...(branch === undefined ? [] : yield* branchProblems(repository, branch))
      ])
      const applying: Applying = { repository, layout, run, selection, check, notes }
      return yield* branch === undefined ? toCheckout(applying) : toBranch(applying, branch)
    }).pipe(Effect.scoped)
  ).pipe(
    // What git, the disk or the lock said.
    Effect.catchIf(
      (error): error is Exclude<typeof error, NotApplied> => !(error instanceof NotApplied),
      (error) =>
        notApplied(run, [applyProblem(error._tag === "CheckoutRefused" ? "checkout" : "failed", error.message)])
    )
  )
})

const notApplied = (
  { record: { run_id } }: StoredRun,
  [first, ...rest]: ReadonlyArray<ApplyProblem>,
  merged: ReadonlyArray<MergedTask> = []
) => {
  if (first === undefined) return Effect.dieMessage("no problem")
  const applicable = [first, ...rest].every(({ kind }) => kind === "conflict")
    ? merged.map(({ task }) => task.taskId)
    : []
  return Effect.fail(new NotApplied({ run_id, problems: [first, ...rest], applicable }))
}

const orNotApplied = (
  run: StoredRun,
  problems: ReadonlyArray<ApplyProblem>,
  merged: ReadonlyArray<MergedTask> = []
) => problems.length === 0 ? Effect.void : notApplied(run, problems, merged)

/** The patch on disk must be the one that was checked and signed; while a run is at work, its records are its own. */
const recordProblems = Effect.fnUntraced(function*(layout: Layout, run: StoredRun) {
  const { run_id } = run.record
  if (run.result.status === "running") {
    return [applyProblem("task", "the run is still at work. Wait for its end, or cancel it.")]
  }
  const store = yield* RunStore
  const remedy = `See: codex-runner runs verify ${run_id}`
  return (yield* store.verify(layout, run_id)).map((problem) =>
    applyProblem("record", `what is on disk is not what was signed: ${problem}.`, { remedy })
  )
})

/** The tasks' refs hold it, unless somebody deleted them. */
const baseOf = Effect.fnUntraced(function*({ repository, run }: Applying) {
  const { base_commit } = run.record
  const base = yield* resolveCommit(repository, base_commit)
  if (base !== undefined) return base
  return yield* notApplied(run, [
    applyProblem("failed", `the base commit ${base_commit} is not in the repository any more.`)
  ])
})

const toCheckout = Effect.fn("apply.toCheckout")(function*(applying: Applying) {
  const { layout, repository, run } = applying
  const base = yield* baseOf(applying)
  const checkout = yield* openCheckout(repository)
  const seen = yield* look(checkout)
  const quarantine = yield* openQuarantine(repository, layout)
  const { merged, problems, tree } = yield* mergeTasks(quarantine, base, seen.head, applying.selection.chosen)
  const changes = yield* changesBetween(quarantine.over("index"), `${seen.head}^{tree}`, tree)
  const inspection = yield* inspect(repository, seen.index, changes, `${quarantine.folder}/index.seen`)
  yield* orNotApplied(run, [...problems, ...inspection.problems.map((problem) => withTasks(problem, merged))], merged)
  const report = reportOf(applying, merged, { branch: null, onto: seen.head, commits: new Map() })
  const { moves } = inspection
  if (moves.length === 0) return withNotes(report, ["The checkout has all of it already."])
  const notes = moves.some(({ change }) => path.basename(change.path) === ".gitattributes")
    ? ["Attributes came with it (.gitattributes): they count from the next checkout on."]
    : []
  if (applying.check) return withNotes(report, notes)
  yield* publish(quarantine, repository, moves.flatMap(({ change: { after } }) => after === null ? [] : [after.id]))
  const about = { run_id: run.record.run_id, tasks: report.tasks }
  const unrecorded = yield* Ref.make<ReadonlyArray<string>>([])
  const done = Effect.flatMap(recordApplied(layout, about, "checkout"), (said) => Ref.set(unrecorded, said))
  yield* changeCheckout(checkout, quarantine, seen, moves, about, done)
  return withNotes(report, [...notes, ...(yield* Ref.get(unrecorded))])
})

const toBranch = Effect.fn("apply.toBranch")(function*(applying: Applying, branch: string) {
  const { layout, repository, run } = applying
  const base = yield* baseOf(applying)
  const quarantine = yield* openQuarantine(repository, layout)
  const { merged, problems } = yield* mergeTasks(quarantine, base, base, applying.selection.chosen)
  yield* orNotApplied(run, problems, merged)
  const { commits, tip } = yield* commitTasks(repository, quarantine, run, merged)
  const report = reportOf(applying, merged, { branch, onto: base, commits: applying.check ? new Map() : commits })
  if (applying.check) return report
  const { run_id } = run.record
  const unrecorded = yield* Effect.uninterruptible(Effect.zipRight(
    makeBranch(repository, quarantine, { branch, base, tip, why: `codex-runner apply ${run_id}` }),
    recordApplied(layout, { run_id, tasks: report.tasks }, `branch ${branch}`)
  ))
  return withNotes(report, unrecorded)
})

/** Whose change it is that is kept from its place. */
const withTasks = (problem: ApplyProblem, merged: ReadonlyArray<MergedTask>): ApplyProblem => {
  const tasks = merged.filter(({ changes }) => changes.some((change) => change.path === problem.path))
    .map(({ task }) => task.taskId)
  return { ...problem, with: tasks, task_id: tasks[0] ?? null }
}

const reportOf = (
  { check, notes, run, selection }: Applying,
  merged: ReadonlyArray<MergedTask>,
  { branch, commits, onto }: Pick<Applied, "branch" | "onto"> & { readonly commits: ReadonlyMap<TaskId, string> }
): Applied => ({
  run_id: run.record.run_id,
  applied: !check,
  base_commit: run.record.base_commit,
  branch,
  onto,
  tasks: merged.map(({ changes, task }) => ({
    task_id: task.taskId,
    files: changes.map((change) => change.path),
    patch_sha256: task.patchSha256,
    commit: commits.get(task.taskId) ?? null
  })),
  left_out: selection.leftOut,
  notes
})

const withNotes = (report: Applied, notes: ReadonlyArray<string>): Applied => ({
  ...report,
  notes: [...report.notes, ...notes]
})
