/** What is on record of applied patches, and what is done about an apply that was killed. */
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { RepoLock } from "../git/RepoLock.ts"
import type { Repository } from "../git/Repository.ts"
import { ownerIsAlive } from "../store/owner.ts"
import { RunStore } from "../store/RunStore.ts"
import type { Layout } from "../store/stateFolder.ts"
import { type Journal, openCheckout, recover } from "./applyHolding.ts"
import { sweepLock } from "./sweep.ts"

/** What was done can't be taken back because it could not be recorded: then that is told. */
export const recordApplied = Effect.fnUntraced(
  function*(layout: Layout, about: Pick<Journal, "run_id" | "tasks">, to: string) {
    const store = yield* RunStore
    return yield* Effect.forEach(
      about.tasks,
      ({ patch_sha256, task_id }) =>
        store.recordApply(layout, about.run_id, { taskId: task_id, patchSha256: patch_sha256, to })
    ).pipe(
      Effect.as([]),
      Effect.catchAll(({ message }) => Effect.succeed([`It is not on record: ${message}`]))
    )
  }
)

/** What an apply that was killed left of the checkout is set right; what is told of it. Nobody else may be at it. */
export const setRight = Effect.fn("apply.setRight")(function*(layout: Layout, repository: Repository) {
  const recovered = yield* recover(yield* openCheckout(repository))
  if (recovered === undefined) return []
  const { done, journal, kept } = recovered
  const what = `An apply of run "${journal.run_id}" had been killed`
  if (done) return [`${what} when all was done.`, ...(yield* recordApplied(layout, journal, "checkout"))]
  return [
    kept === null
      ? `${what} half-way: the checkout is as it was before it.`
      : `${what} half-way. The checkout is as it was before it, but for files that were changed since: what was there before lies in ${kept}.`
  ]
})

/** The same at the start of something else, where there is need. Never fails, and never waits for an apply at work. */
export const setRightAtStart = Effect.fn("apply.setRightAtStart")(
  function*(layout: Layout, repository: Repository) {
    const { holding } = yield* openCheckout(repository)
    if (!existsSync(holding) || ownerIsAlive(holding)) return []
    const locks = yield* RepoLock
    return yield* locks.withLock(sweepLock(layout))(setRight(layout, repository))
  },
  Effect.catchAllCause((cause) =>
    Effect.as(Effect.logWarning("could not set right what an apply that was killed left of the checkout", cause), [])
  )
)
