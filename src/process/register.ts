/** The processes that live, so that all of them can be ended at once, by a runner that is about to end itself. */
import * as Effect from "effect/Effect"
import { signalTree, type Tree } from "./containment.ts"

export interface Register {
  /** From here on the process counts as living, until what this gives is called. */
  readonly enter: (tree: Tree) => () => void
  /** Gives what happens next, unless all was ended: then nobody is told any more. */
  readonly unlessOver: <A, E, R>(next: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly isOver: () => boolean
  readonly endAll: Effect.Effect<void>
}

/** SIGKILL can't be ignored; a process that is still there afterwards waits for a disk, and won't do anything else. */
const patienceMs = 1000

export const makeRegister = (): Register => {
  const living = new Set<Tree>()
  const state = { isOver: false, whenEmpty: () => {} }
  return {
    enter: (tree) => {
      living.add(tree)
      // It was on its way when all was ended.
      if (state.isOver) signalTree(tree, "SIGKILL")
      return () => {
        living.delete(tree)
        if (living.size === 0) state.whenEmpty()
      }
    },
    unlessOver: (next) => Effect.suspend(() => state.isOver ? Effect.interruptible(Effect.never) : next),
    isOver: () => state.isOver,
    endAll: Effect.async<void>((resume) => {
      state.isOver = true
      for (const tree of living) signalTree(tree, "SIGKILL")
      const done = () => {
        clearTimeout(timer)
        resume(Effect.void)
      }
      const timer = setTimeout(done, patienceMs)
      state.whenEmpty = done
      if (living.size === 0) done()
    })
  }
}
