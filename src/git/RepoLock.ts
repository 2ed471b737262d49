/**
 * One writer at a time to a repository's worktree entries, across processes.
 *
 * git's own `worktree add` and the removal of an entry read half-written
 * siblings when they overlap.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { holdingLock, LockFailed } from "../process/fileLock.ts"

export { LockFailed }

/** The repository lock: one writer at a time, across processes. */
export class RepoLock extends Context.Tag("codex-runner/RepoLock")<
  RepoLock,
  {
    /** Runs an effect that must be quick while this process alone holds the lock at `path`. */
    readonly withLock: (
      path: string
    ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LockFailed, R>
  }
>() {
  static readonly layer = Layer.effect(
    RepoLock,
    Effect.sync(() => {
      const withinProcess = new Map<string, Effect.Semaphore>()
      const turnsAt = (path: string): Effect.Semaphore => {
        const known = withinProcess.get(path) ?? Effect.unsafeMakeSemaphore(1)
        withinProcess.set(path, known)
        return known
      }
      return RepoLock.of({
        withLock: (path) => (effect) => turnsAt(path).withPermits(1)(holdingLock(path)(effect))
      })
    })
  )
}
