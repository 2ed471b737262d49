/** What of a task is not kept or told in full: each cap that was hit is named in the result. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as path from "node:path"
import { maxCommands } from "../audit/Transcript.ts"
import { maxDenied } from "../gate/joinGate.ts"
import { maxLogBytes } from "../store/cappedLog.ts"

/** Of the changed files and of the violations, so many are in a result. */
export const maxFilesListed = 10_000
export const maxViolationsListed = 200

const logs = { "events.jsonl": "Codex's output", "stderr.log": "Codex's complaints" }

/** As sentences for the manager. */
export const cutsOf = Effect.fnUntraced(function*(task: {
  readonly logDir: string
  readonly files: number
  readonly violations: number
  /** That ran, and that the gate stopped: all that are known. */
  readonly commands: number
  readonly denied: number
}) {
  const { commands, denied, files, logDir, violations } = task
  const cutLogs = yield* Effect.filter(Object.entries(logs), ([name]) => isCut(path.join(logDir, name)))
  return [
    ...cutLogs.map(([name, what]) =>
      `${what} was more than ${maxLogBytes / 1024 / 1024} MiB: ${name} is cut at its cap, and the rest is not kept.`
    ),
    ...(files > maxFilesListed
      ? [`files_changed lists ${maxFilesListed} of the ${files} files: the ref has all.`]
      : []),
    ...(violations > maxViolationsListed
      ? [`violations lists ${maxViolationsListed} of the ${violations} that were found.`]
      : []),
    ...(commands > maxCommands
      ? [`commands_run lists the last ${maxCommands} of the ${commands} commands: the logs under log_dir have all.`]
      : []),
    ...(denied > maxDenied
      ? [`denied lists the first ${maxDenied} of the ${denied} calls that were stopped: gate.jsonl has all.`]
      : [])
  ]
})

const isCut = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(file)).pipe(
    // The mark at its end comes on top.
    Effect.map(({ size }) => Number(size) > maxLogBytes),
    Effect.orElseSucceed(() => false)
  )
