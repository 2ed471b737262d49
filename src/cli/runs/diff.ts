/** `codex-runner runs diff`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { splitLines } from "../../process/lines.ts"
import type { TaskPatch } from "../../run/taskPatch.ts"
import { Runs } from "../../Runs.ts"
import { makeDiffPainter } from "../colourDiff.ts"
import { hostLayer } from "../inRepository.ts"
import { Output } from "../output.ts"
import { paged, type Write } from "../pager.ts"
import type { Palette } from "../palette.ts"
import { tellProblems } from "../tell.ts"
import { topic } from "../topic.ts"
import { type PlaceFlags, placeOptions, runArg, taskArg, withRuns } from "./names.ts"

const options = {
  run: runArg,
  task: taskArg("The task. Default: every task of the run, one after the other."),
  ...placeOptions
}

export const diffCommand = Command.make("diff", options, (flags) => handle(flags))

export const diffTopic = /* @__PURE__ */ topic(diffCommand, {
  name: "runs diff",
  usage: "<run> [task] [options]",
  summary: "Shows a task's patch, with secrets masked. In colours at a terminal, as it is elsewhere.",
  examples: ["codex-runner runs diff last readme", "codex-runner runs diff last readme | git apply --check"]
})

interface DiffFlags extends PlaceFlags {
  readonly run: string
  readonly task: Option.Option<string>
}

/** Bytes of a line that are shown at a terminal. */
const maxLineBytes = 64 * 1024

/**
 * One patch: to the byte for a program, line by line for a person. Ends early
 * where nobody reads any more. Whether secrets were masked in what was read.
 */
export const writePatch = Effect.fnUntraced(function*(patch: TaskPatch, palette: Palette, write: Write) {
  const shown = createHash("sha256")
  const masked = Stream.tap(patch.masked, (bytes) => Effect.sync(() => shown.update(bytes)))
  if (process.stdout.isTTY === true) {
    const paint = makeDiffPainter(palette)
    yield* masked.pipe(
      splitLines({ maxBytes: maxLineBytes }),
      Stream.runForEachWhile(({ text, truncated }) => write(`${paint(text)}${truncated ? " …" : ""}\n`))
    )
  } else yield* Stream.runForEachWhile(masked, write)
  return patch.path !== null && shown.digest("hex") !== (yield* hashOf(patch.path))
})

const hashOf = (path: string) =>
  Effect.promise(async () => {
    const hash = createHash("sha256")
    for await (const chunk of createReadStream(path)) if (Buffer.isBuffer(chunk)) hash.update(chunk)
    return hash.digest("hex")
  })

const handle = Effect.fnUntraced(
  function*(flags: DiffFlags) {
    const { err, onOut } = yield* Output
    const { run, task } = flags
    const patches = yield* withRuns(
      flags,
      Effect.flatMap(Runs, (runs) => runs.patches(run, Option.getOrUndefined(task)))
    )
    const some = patches.filter(({ path }) => path !== null)
    // Not by Effect.filter, which goes from the last to the first.
    const wereMasked = yield* paged((write) =>
      Effect.forEach(some, (patch) =>
        Effect.zipRight(
          // git passes over what comes before a patch.
          patches.length > 1 ? write(`${onOut.bold(`# task ${patch.taskId}`)}\n`) : Effect.void,
          writePatch(patch, onOut, write)
        ))
    )
    const masked = some.filter((_, at) => wereMasked[at] === true)
    if (some.length === 0) yield* err(patches.length === 1 ? "The task left no patch." : "No task left a patch.")
    yield* Effect.forEach(masked, ({ path }) => err(`Secrets are masked. The exact patch: ${path}`))
  },
  Effect.catchTag("RunRejected", (rejected) => tellProblems(rejected)),
  (effect, flags) => Effect.provide(effect, hostLayer(flags.repo))
)
