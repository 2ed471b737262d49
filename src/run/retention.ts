/** Old runs make way: those beyond `max_runs_retained`, oldest first, with their refs; never the one that has just ended. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { safeName } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import type { Repository } from "../git/Repository.ts"
import { RunStore, type StoredRun } from "../store/RunStore.ts"
import { type Layout, worktreePlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"
import type { Ready } from "./preflight.ts"

export const prune = Effect.fn("RunStore.prune")(
  function*({ layout, repository, run: { runId } }: Ready) {
    const config = yield* RunnerConfig
    const store = yield* RunStore
    const fs = yield* FileSystem.FileSystem
    const runs = yield* store.list(layout)
    const finished = runs.filter((run) => run.result.status === "completed" || run.result.status === "cancelled")
    const beyond = finished.slice(0, Math.max(0, finished.length - config.max_runs_retained))
    for (const run of beyond) {
      if (run.record.run_id === runId) continue
      // A worktree that was kept holds what no ref does.
      const kept = run.record.request.tasks.map((task) =>
        worktreePlaces(layout, run.record.run_id, task.task_id).worktree
      )
      const holdsWork = (yield* Effect.forEach(kept, (folder) => fs.exists(folder))).includes(true)
      if (!holdsWork) yield* forget(layout, repository, run)
    }
    yield* Effect.flatMap(Trash, (trash) => trash.settle)
  },
  Effect.catchAllCause((cause) => Effect.logWarning("could not delete old runs", cause))
)

const forget = Effect.fnUntraced(function*(layout: Layout, repository: Repository, run: StoredRun) {
  const git = yield* Git
  const trash = yield* Trash
  const refs = yield* git.text({
    target: repository.target,
    args: ["for-each-ref", "--format=%(refname)", `refs/codex-runner/${safeName(run.record.run_id)}/`]
  })
  if (refs !== "") {
    yield* git.run({
      target: repository.target,
      args: ["update-ref", "--stdin"],
      stdin: new TextEncoder().encode(refs.split("\n").map((ref) => `delete ${ref}\n`).join(""))
    })
  }
  yield* trash.discard(run.folder, layout.trash)
})
