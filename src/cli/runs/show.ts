/** `codex-runner runs show`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { oneLine } from "../../audit/plainText.ts"
import { CodexRunner } from "../../CodexRunner.ts"
import type { RunState } from "../../domain/RunState.ts"
import { isOver } from "../../domain/RunState.ts"
import { Runs } from "../../Runs.ts"
import { hostLayer } from "../inRepository.ts"
import { Output } from "../output.ts"
import { paged } from "../pager.ts"
import { conflicting } from "../renderConflicts.ts"
import { renderStory } from "../renderStory.ts"
import { leadingHere, showResult } from "../showResult.ts"
import { tellProblems } from "../tell.ts"
import { topic } from "../topic.ts"
import { writePatch } from "./diff.ts"
import { jsonOption, type PlaceFlags, placeOptions, runArg, taskArg, withRuns } from "./names.ts"

const options = {
  run: runArg,
  task: taskArg("The task whose story to tell. Default: the run's table."),
  ...placeOptions,
  json: jsonOption
}

export const showCommand = Command.make("show", options, (flags) => handle(flags))

export const showTopic = /* @__PURE__ */ topic(showCommand, {
  name: "runs show",
  usage: "<run> [task] [options]",
  summary:
    "Shows a run's table again, or one task's story. The story is what happened when, the evidence, the notes and the patch.",
  examples: ["codex-runner runs show last", "codex-runner runs show last readme"]
})

interface ShowFlags extends PlaceFlags {
  readonly run: string
  readonly task: Option.Option<string>
  readonly json: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: ShowFlags) {
    yield* withRuns(
      flags,
      Effect.gen(function*() {
        if (Option.isSome(flags.task)) yield* showTask(flags, flags.task.value)
        else yield* showRun(flags)
      })
    )
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

const showRun = Effect.fnUntraced(function*({ config, json, repo, run }: ShowFlags) {
  const { out } = yield* Output
  const runs = yield* Runs
  const runner = yield* CodexRunner
  const state = yield* runs.find(run)
  // What there is to show is shown, also where its commits are gone.
  const conflicts = yield* Effect.either(runner.conflicts(state.summary.run_id))
  if (json) {
    return yield* out(JSON.stringify({ ...state, conflicts: Option.getOrNull(Either.getRight(conflicts)) }, null, 2))
  }
  yield* showResult(state.result, {
    json,
    flags: leadingHere({ config, repo }),
    conflictsIn: () =>
      Effect.succeed(Either.match(conflicts, {
        onLeft: ({ problems }) => ({ lines: [`not compared: ${oneLine(problems[0].message, 300)}`], pairs: [] }),
        onRight: conflicting
      }))
  })
  const rest = unfinished(state)
  if (rest.length > 0) yield* out(rest.join("\n"))
})

/** Tasks that have no result. */
const unfinished = ({ result, summary }: RunState): ReadonlyArray<string> => {
  const rest = summary.tasks.filter(({ task_id }) => !result.results.some((one) => one.task_id === task_id))
  if (rest.length === 0) return []
  return [
    "",
    isOver(summary.status) ? "Without a result" : "Not over yet",
    ...rest.map(({ state, task_id }) => `  ${task_id}: ${state}`)
  ]
}

const showTask = Effect.fnUntraced(function*({ json, run }: ShowFlags, task: string) {
  const { columns, onOut, out } = yield* Output
  const runs = yield* Runs
  const story = yield* runs.story(run, task)
  if (json) return yield* out(JSON.stringify(story, null, 2))
  const patches = yield* runs.patches(story.run_id, story.task_id)
  yield* paged((write) =>
    Effect.zipRight(
      write(`${renderStory(onOut, story, columns)}\n`),
      Effect.forEach(patches.filter(({ path }) => path !== null), (patch) =>
        Effect.zipRight(write(`\n${onOut.bold("Patch")}\n`), writePatch(patch, onOut, write)))
    )
  )
})
