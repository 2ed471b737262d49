/** What `run` and `resume` share: a run that is shown while it goes on and when it is over, or left to itself. */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { CodexRunner } from "../CodexRunner.ts"
import type { RunRejected } from "../domain/Problem.ts"
import type { RunResult } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import { shellWord } from "../domain/shellWord.ts"
import type { RunId } from "../domain/Task.ts"
import { exitCodeOf, ExitWith } from "./exit.ts"
import { Output } from "./output.ts"
import { withProgress } from "./progress.ts"
import { conflicting, noConflicts } from "./renderConflicts.ts"
import { leadingHere, showResult } from "./showResult.ts"

export const detachOption = Options.boolean("detach").pipe(
  Options.withDescription("In a process of its own that goes on when this one is gone: only the run's name is told.")
)

export interface ShownFlags {
  readonly json: boolean
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
}

/** Shows what happens meanwhile, then the result, also where the run was interrupted; ends with its exit code. */
export const runAndShow = Effect.fnUntraced(function*(
  run: (watch: Watch) => Effect.Effect<RunResult, RunRejected>,
  flags: ShownFlags
) {
  const { err } = yield* Output
  const ended = yield* Ref.make(Option.none<RunResult>())
  const started = yield* Ref.make(false)
  const runner = yield* CodexRunner
  const conflictsIn = ({ results, run_id }: RunResult) =>
    results.filter(({ ref }) => ref !== null).length < 2
      ? Effect.succeed(noConflicts)
      : Effect.map(runner.conflicts(run_id), conflicting).pipe(Effect.orElseSucceed(() => noConflicts))
  const show = (result: RunResult) => showResult(result, { json: flags.json, flags: leadingHere(flags), conflictsIn })
  const result = yield* withProgress((watch) =>
    run((event) =>
      event._tag === "RunFinished"
        ? Effect.zipRight(Ref.set(ended, Option.some(event.result)), watch(event))
        : Effect.zipRight(Ref.set(started, true), watch(event))
    )
  ).pipe(
    Effect.tap(show),
    Effect.tap(({ run_id }) =>
      Effect.unlessEffect(
        err(`run ${run_id} is over and on record: this is its result, nothing was run again.`),
        Ref.get(started)
      )
    ),
    Effect.onInterrupt(() => Effect.flatMap(Ref.get(ended), Option.match({ onNone: () => Effect.void, onSome: show })))
  )
  yield* new ExitWith({ code: exitCodeOf(result) })
})

/** Where to look for a run that goes on without us. */
export const tellDetached = Effect.fnUntraced(function*(runId: RunId, flags: ShownFlags) {
  const { onOut, out } = yield* Output
  if (flags.json) return yield* out(JSON.stringify({ run_id: runId, status: "running" }, null, 2))
  const command = (...words: ReadonlyArray<string>) =>
    ["codex-runner", ...words, ...leadingHere(flags)].map(shellWord).join(" ")
  yield* out([
    `run ${onOut.bold(runId)} goes on in a process of its own.`,
    `  follow:  ${command("runs", "logs", runId, "--follow")}`,
    `  look:    ${command("runs", "show", runId)}`,
    `  end it:  ${command("cancel", runId)}`
  ].join("\n"))
})
