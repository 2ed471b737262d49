/**
 * The tasks' patches, one after the other, on top of a commit: each merged by
 * the run's base commit, whatever the histories say, as `git cherry-pick`
 * would. All of it in quarantine; a conflict is told, never written.
 */
import * as Effect from "effect/Effect"
import type { ApplyProblem } from "../domain/Apply.ts"
import { applyProblem } from "../domain/Apply.ts"
import { quotedShort } from "../domain/quoted.ts"
import type { TaskId } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import { mergeTrees } from "../git/mergeTree.ts"
import { changesBetween, type TreeChange } from "../git/treeChanges.ts"
import { copyIndex } from "../process/copyFile.ts"
import type { Quarantine } from "./quarantine.ts"

/** A task whose patch is to be applied. */
export interface ChosenTask {
  readonly taskId: TaskId
  readonly patchPath: string
  readonly patchSha256: string
}

export interface MergedTask {
  readonly task: ChosenTask
  /** With this task and those before it. */
  readonly tree: string
  /** By this task alone; nothing where it is all there already. */
  readonly changes: ReadonlyArray<TreeChange>
}

export interface Merges {
  readonly merged: ReadonlyArray<MergedTask>
  readonly tree: string
  readonly problems: ReadonlyArray<ApplyProblem>
}

export const mergeTasks = Effect.fn("apply.mergeTasks")(
  function*(quarantine: Quarantine, baseCommit: string, onto: string, tasks: ReadonlyArray<ChosenTask>) {
    const treeOf = (commit: string) => quarantine.text("rev-parse", `${commit}^{tree}`)
    const base = { tree: yield* treeOf(baseCommit), commit: "" }
    base.commit = yield* quarantine.text("commit-tree", "-m", "base", base.tree)
    /** A commit whose only history is the base: then that is what git merges by. */
    const standIn = (tree: string) => quarantine.text("commit-tree", "-p", base.commit, "-m", "side", tree)
    yield* quarantine.text("read-tree", baseCommit)

    const start = yield* treeOf(onto)
    const merged: Array<MergedTask> = []
    const problems: Array<ApplyProblem> = []
    const theirs = new Map<string, string>()
    let tree = start
    for (const task of tasks) {
      const patched = yield* treeOfPatch(quarantine, task)
      const after = yield* merge(quarantine, standIn, base.tree, tree, patched)
      if (after.conflicts.length > 0) {
        problems.push(...(yield* blame(quarantine, standIn, { start, theirs, task, patched, paths: after.conflicts })))
        continue
      }
      theirs.set(task.taskId, patched)
      merged.push({
        task,
        tree: after.tree,
        changes: yield* changesBetween(quarantine.over("index"), tree, after.tree)
      })
      tree = after.tree
    }
    return { merged, tree, problems } satisfies Merges
  }
)

type StandIn = (tree: string) => ReturnType<Quarantine["text"]>

/** The very tree that was captured: the patch was made from it, and its hash is on record. */
const treeOfPatch = Effect.fnUntraced(function*(quarantine: Quarantine, task: ChosenTask) {
  const git = yield* Git
  const target = quarantine.over("patched")
  yield* copyIndex(quarantine.over("index").index, target.index)
  yield* git.run({
    target,
    args: ["apply", "--cached", "--binary", "--whitespace=nowarn", task.patchPath],
    timeout: "2 minutes"
  })
  return yield* git.text({ target, args: ["write-tree"] })
})

const merge = Effect.fnUntraced(
  function*(quarantine: Quarantine, standIn: StandIn, base: string, ours: string, theirs: string) {
    const clean = ours === base || ours === theirs ? theirs : theirs === base ? ours : undefined
    if (clean !== undefined) return { tree: clean, conflicts: [] }
    const [merged] = yield* mergeTrees(quarantine.over("index"), [[yield* standIn(ours), yield* standIn(theirs)]])
    return merged === undefined
      ? yield* Effect.dieMessage("git merged nothing")
      : { tree: merged.tree, conflicts: [...new Set(merged.conflicts.flatMap(({ paths }) => paths))].sort() }
  }
)

/** With whom a task conflicts in each file: tried with the commit alone, and with each task before it. */
const blame = Effect.fnUntraced(function*(quarantine: Quarantine, standIn: StandIn, conflict: {
  readonly start: string
  readonly theirs: ReadonlyMap<string, string>
  readonly task: ChosenTask
  readonly patched: string
  readonly paths: ReadonlyArray<string>
}) {
  const others = [["HEAD", conflict.start] as const, ...conflict.theirs]
  const mine = yield* standIn(conflict.patched)
  const pairs = yield* Effect.forEach(others, ([, tree]) => Effect.map(standIn(tree), (side) => [side, mine] as const))
  const merges = yield* mergeTrees(quarantine.over("index"), pairs)
  const { paths, task: { taskId } } = conflict
  return paths.map((path) => {
    const culprits = others.flatMap(([name], at) =>
      merges[at]?.conflicts.some((one) => one.paths.includes(path)) === true ? [name] : []
    )
    return applyProblem("conflict", `${quotedShort(path, 200)}: ${taskId} conflicts with ${tellOthers(culprits)}.`, {
      task_id: taskId,
      path,
      with: culprits
    })
  })
})

const tellOthers = (names: ReadonlyArray<string>): string =>
  names.length === 0
    ? "what is before it"
    : names.map((name) => name === "HEAD" ? "what was committed since the base" : `task ${name}`).join(" and ")
