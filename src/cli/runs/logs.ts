/** `codex-runner runs logs`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type LogLine, logLines } from "../../audit/logLines.ts"
import { visibleText } from "../../audit/visibleText.ts"
import type { TaskLogEntry } from "../../run/taskLog.ts"
import { Runs } from "../../Runs.ts"
import { hostLayer } from "../inRepository.ts"
import { Output } from "../output.ts"
import { writeTo } from "../pager.ts"
import type { Palette } from "../palette.ts"
import { tellProblems } from "../tell.ts"
import { topic } from "../topic.ts"
import { type PlaceFlags, placeOptions, runArg, taskArg, withRuns } from "./names.ts"

const options = {
  run: runArg,
  task: taskArg("The task. Default: every task of the run."),
  follow: Options.boolean("follow").pipe(
    Options.withDescription("Go on while it is at work, in whatever process, until it is over.")
  ),
  raw: Options.boolean("raw").pipe(
    Options.withDescription("Codex's events as JSON, one a line, in place of readable lines.")
  ),
  ...placeOptions
}

export const logsCommand = Command.make("logs", options, (flags) => handle(flags))

export const logsTopic = /* @__PURE__ */ topic(logsCommand, {
  name: "runs logs",
  usage: "<run> [task] [options]",
  summary: "Shows what Codex did and said, also while it is at work. Secrets are masked.",
  examples: [
    "codex-runner runs logs last readme",
    "codex-runner runs logs last --follow",
    "codex-runner runs logs last readme --raw |\n  jq -r 'select(.type == \"turn.completed\").usage'"
  ]
})

interface LogsFlags extends PlaceFlags {
  readonly run: string
  readonly task: Option.Option<string>
  readonly follow: boolean
  readonly raw: boolean
}

const handle = Effect.fnUntraced(
  function*(flags: LogsFlags) {
    const { err, onOut } = yield* Output
    const { follow, raw, run } = flags
    const task = Option.getOrUndefined(flags.task)
    const write = writeTo(process.stdout)
    const render = raw ? rawLine : readableLines(onOut, task === undefined)
    let isEmpty = true
    yield* withRuns(
      flags,
      Effect.flatMap(Runs, (runs) =>
        Stream.runForEachWhile(runs.log({ run, task, follow }), (entry) => {
          isEmpty = false
          const lines = render(entry)
          return lines.length === 0 ? Effect.succeed(true) : write(lines.map((line) => `${line}\n`).join(""))
        }))
    )
    if (isEmpty) yield* err("Nothing is logged: Codex has not said anything there.")
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)

/** As JSON writes it, nothing is left that a terminal would obey. */
const rawLine = ({ event }: TaskLogEntry): ReadonlyArray<string> => [visibleText(JSON.stringify(event))]

const readableLines =
  (palette: Palette, withTask: boolean) => ({ event, taskId, worktree }: TaskLogEntry): ReadonlyArray<string> => {
    const prefix = withTask ? `${palette.bold(taskId)}  ` : ""
    return logLines(event).map(({ text, tone }) =>
      `${prefix}${paint(palette, { tone, text: text.replaceAll(`${worktree}/`, "") })}`
    )
  }

const paint = (palette: Palette, { text, tone }: LogLine): string => {
  switch (tone) {
    case "action":
      return palette.bold(text)
    case "good":
      return palette.green(text)
    case "bad":
      return palette.red(text)
    case "aside":
      return palette.dim(text)
    case "said":
      return text
  }
}
