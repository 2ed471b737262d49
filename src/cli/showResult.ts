/** A run's result told on standard output: for people, or as JSON. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunResult } from "../domain/Result.ts"
import { Output } from "./output.ts"
import { type Conflicting, noConflicts } from "./renderConflicts.ts"

export interface ShowOptions {
  readonly json: boolean
  /** For the commands to go on with. */
  readonly flags: ReadonlyArray<string>
  readonly conflictsIn?: (result: RunResult) => Effect.Effect<Conflicting>
}

/** The flags by which another command finds the same runs again. */
export const leadingHere = (
  { config, repo }: { readonly config: Option.Option<string>; readonly repo: Option.Option<string> }
): ReadonlyArray<string> => [
  ...Option.match(repo, { onNone: () => [], onSome: (folder) => ["--repo", folder] }),
  ...Option.match(config, { onNone: () => [], onSome: (file) => ["--config", file] })
]

export const showResult = Effect.fnUntraced(function*(
  result: RunResult,
  { conflictsIn = () => Effect.succeed(noConflicts), flags, json }: ShowOptions
) {
  const { columns, onOut: palette, out } = yield* Output
  if (json) return yield* out(JSON.stringify(result, null, 2))
  const { lines, pairs } = yield* conflictsIn(result)
  // Not before there is something to show: what measures text takes its time to load.
  const [{ renderResult }, { nextSteps }] = yield* Effect.promise(() =>
    Promise.all([import("./renderResult.ts"), import("./nextSteps.ts")])
  )
  yield* out(renderResult(result, { palette, columns, conflicts: lines, next: nextSteps(result, flags, pairs) }))
})
