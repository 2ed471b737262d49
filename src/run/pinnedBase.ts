/** The base commit held by a ref of the run's own while it lasts, whatever the user does to their branches. */
import * as Effect from "effect/Effect"
import { safeName } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import type { Ready } from "./preflight.ts"

/** No task's ref: `@` is in no task id. */
const pinOf = (ready: Ready): string => `refs/codex-runner/${safeName(ready.run.runId)}/@base`

export const withPinnedBase = (ready: Ready) => <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    updateRef(ready, pinOf(ready), ready.run.baseCommit),
    () => run,
    () => Effect.ignoreLogged(updateRef(ready, "-d", pinOf(ready)))
  )

const updateRef = (ready: Ready, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(Git, (git) => git.run({ target: ready.repository.target, args: ["update-ref", ...args] }))
