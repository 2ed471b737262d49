/** Which of a run's patches can't be put together, and in which files: every pair, merged without a checkout. */
import * as Effect from "effect/Effect"
import type { RunConflicts, TaskConflict } from "../domain/Conflicts.ts"
import type { RunId, TaskId } from "../domain/Task.ts"
import { safeName } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import { type Merged, mergeTrees } from "../git/mergeTree.ts"
import type { Repository } from "../git/Repository.ts"
import { changesOf } from "../git/treeChanges.ts"
import type { StoredRun } from "../store/RunStore.ts"
import { type Layout, refOf } from "../store/stateFolder.ts"
import { conflictPairs } from "./conflictPairs.ts"
import { findRun, taskIdsOf } from "./findRun.ts"
import { openQuarantine } from "./quarantine.ts"
import { asRejection } from "./rejection.ts"
import { locate } from "./startRun.ts"

/** Pairs that touch the same files and are merged: some seconds' worth. Those beyond are counted. */
export const maxPairs = 20_000

/** The conflicts of the run that a name means. */
export const conflicts = Effect.fn("conflicts")(
  function*(name: string) {
    const { layout, repository } = yield* locate()
    return yield* conflictsOf(repository, layout, yield* findRun(layout, name))
  },
  Effect.mapError(asRejection)
)

interface Held {
  readonly task: TaskId
  readonly commit: string
}

const conflictsOf = Effect.fnUntraced(
  function*(repository: Repository, layout: Layout, run: StoredRun) {
    const runId: RunId = run.record.run_id
    const { astray, held } = yield* tasksWithRefs(repository, run)
    const quarantine = yield* openQuarantine(repository, layout)
    const target = quarantine.over("index")
    const changes = yield* changesOf(target, held.map(({ commit }) => commit))
    const found = conflictPairs(held.map(({ commit }) => changes.get(commit) ?? []), maxPairs)
    const pairs = found.pairs.flatMap(([a, b]) => {
      const [one, other] = [held[a], held[b]]
      return one === undefined || other === undefined ? [] : [[one, other] as const]
    })
    const merged = yield* mergeTrees(target, pairs.map(([one, other]) => [one.commit, other.commit] as const))
    return {
      run_id: runId,
      tasks: held.map(({ task }) => task),
      conflicts: merged.flatMap((merge, at) => {
        const pair = pairs[at]
        return pair === undefined || merge.conflicts.length === 0 ? [] : [conflictOf(pair, merge)]
      }),
      pairs_left_out: found.leftOut,
      tasks_left_out: astray
    } satisfies RunConflicts
  },
  Effect.scoped
)

/** One file may be in several of git's conflicts: the first says what it is. */
const conflictOf = ([one, other]: readonly [Held, Held], merge: Merged): TaskConflict => {
  const types = new Map<string, string>()
  for (const { paths, type } of merge.conflicts) {
    for (const path of paths) if (!types.has(path)) types.set(path, type)
  }
  return {
    tasks: [one.task, other.task],
    files: [...types].map(([path, type]) => ({ path, type })).sort((a, b) => a.path < b.path ? -1 : 1)
  }
}

/** In the order of the request; a ref that somebody moved is none of ours. */
const tasksWithRefs = Effect.fnUntraced(function*(repository: Repository, run: StoredRun) {
  const git = yield* Git
  const { base_commit, run_id } = run.record
  const listed = yield* git.text({
    target: repository.target,
    args: [
      "for-each-ref",
      "--format=%(refname) %(objectname) %(parent)",
      `refs/codex-runner/${safeName(run_id)}/`
    ]
  })
  const refs = new Map(
    listed.split("\n").map((line) => {
      const [ref = "", commit = "", ...parents] = line.split(" ")
      return [ref, { commit, parents }]
    })
  )
  const astray: Array<TaskId> = []
  const held: Array<Held> = []
  for (const task of taskIdsOf(run)) {
    const found = refs.get(refOf(run_id, task))
    if (found === undefined) continue
    if (found.parents.length === 1 && found.parents[0] === base_commit) held.push({ task, commit: found.commit })
    else astray.push(task)
  }
  return { held, astray }
})
