/** Processes brought to their end, politely first, in bounded time. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { signalTree, type Tree } from "./containment.ts"
import { waitAtMost } from "./waitAtMost.ts"

/** How to end a process: a signal, and how long it may take before SIGKILL. */
export interface StopPolicy {
  readonly signal: "SIGINT" | "SIGTERM" | "SIGKILL"
  readonly grace: Duration.DurationInput
}

export const defaultStop: StopPolicy = { signal: "SIGTERM", grace: "2 seconds" }

/** SIGKILL can't be ignored, but a process may wait for a disk that doesn't answer. */
const killGrace: Duration.DurationInput = "5 seconds"

/** A grandchild may live on in the group of a process that ended; in a namespace that ended, nothing does. */
export const endLeftovers = (tree: Tree): void => {
  if (!tree.isContained) signalTree(tree, "SIGKILL")
}

/** Ends the process and whatever is left of its tree, deaf to its signal or not. */
export const stopTree = (
  tree: Tree,
  { exit, isRunning }: { readonly exit: Effect.Effect<unknown, unknown>; readonly isRunning: () => boolean },
  policy: StopPolicy
): Effect.Effect<void> => {
  const end = (signal: StopPolicy["signal"], within: Duration.DurationInput) =>
    Effect.suspend(() => {
      if (!isRunning()) return Effect.void
      signalTree(tree, signal)
      return waitAtMost(within, exit)
    })
  return end(policy.signal, policy.grace).pipe(
    Effect.zipRight(end("SIGKILL", killGrace)),
    Effect.zipRight(Effect.sync(() => endLeftovers(tree)))
  )
}
