/** A run as if it had never been: its refs, its worktrees, its record. */
import * as Effect from "effect/Effect"
import { type RunId, safeName } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import type { Repository } from "../git/Repository.ts"
import { type Layout, runFolder, runPlaces } from "../store/stateFolder.ts"
import { Trash } from "../worktree/Trash.ts"

/** Everything the run's tasks had beside its record, by their folders. */
export const placesOf = (layout: Layout, runId: string): ReadonlyArray<string> =>
  Object.values(runPlaces(layout, runId))

/** The run must be over. Folders go in the background: `Trash.settle` waits for that. */
export const forgetRun = Effect.fn("forgetRun")(function*(repository: Repository, layout: Layout, runId: RunId) {
  const git = yield* Git
  const trash = yield* Trash
  const refs = yield* git.text({
    target: repository.target,
    args: ["for-each-ref", "--format=%(refname)", `refs/codex-runner/${safeName(runId)}/`]
  })
  if (refs !== "") {
    yield* git.run({
      target: repository.target,
      args: ["update-ref", "--stdin"],
      stdin: new TextEncoder().encode(refs.split("\n").map((ref) => `delete ${ref}\n`).join(""))
    })
  }
  for (const folder of [...placesOf(layout, runId), runFolder(layout, runId)]) {
    yield* trash.discard(folder, layout.trash)
  }
})
