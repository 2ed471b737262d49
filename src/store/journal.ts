/** What happened in a run and when, a line for each thing: appended by its runner, read by anybody at any time. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs"
import { appendFile } from "node:fs/promises"
import { RunStatus, TaskError, TaskStatus } from "../domain/Result.ts"
import { type RunEvent, TaskStage } from "../domain/RunEvent.ts"
import { StoreFailed } from "./durable.ts"

const at = Schema.String

/** The lines that tell where a run stands. */
export const JournalEntry = Schema.Union(
  /** Also where the run is resumed. */
  Schema.TaggedStruct("RunStarted", { at }),
  Schema.TaggedStruct("TaskStageEntered", { at, task_id: Schema.String, stage: TaskStage }),
  Schema.TaggedStruct("TaskNote", { at, task_id: Schema.String, message: Schema.String }),
  Schema.TaggedStruct("TaskFinished", {
    at,
    task_id: Schema.String,
    status: TaskStatus,
    error: Schema.NullOr(TaskError)
  }),
  Schema.TaggedStruct("RunFinished", { at, status: RunStatus })
)
export type JournalEntry = typeof JournalEntry.Type

export const journalIn = (runFolder: string): string => `${runFolder}/journal.jsonl`

const decode = Schema.decodeUnknownOption(Schema.parseJson(JournalEntry))

/** In order. What can't be read (a line that a crash cut, one of a newer version) is passed over. */
export const readJournal = (runFolder: string): ReadonlyArray<JournalEntry> => {
  const file = journalIn(runFolder)
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : []
  return lines.flatMap((line) => line === "" ? [] : Option.toArray(decode(line)))
}

/** Results and Codex's events have files of their own. */
const entryOf = (event: RunEvent): object | undefined => {
  switch (event._tag) {
    case "TaskCodexEvent":
      return undefined
    case "TaskFinished":
      return { _tag: event._tag, task_id: event.task_id, status: event.result.status, error: event.result.error }
    case "RunFinished":
      return { _tag: event._tag, status: event.result.status, total_duration_ms: event.result.total_duration_ms }
    default:
      return event
  }
}

export const appendToJournal = (runFolder: string, event: RunEvent): Effect.Effect<void, StoreFailed> => {
  const entry = entryOf(event)
  return entry === undefined
    ? Effect.void
    : appendText(runFolder, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`)
}

/** Ends a line that a crash cut, so that the next one is a line of its own. */
export const mendJournal = (runFolder: string): Effect.Effect<void, StoreFailed> =>
  Effect.suspend(() => isTorn(journalIn(runFolder)) ? appendText(runFolder, "\n") : Effect.void)

const isTorn = (file: string): boolean => {
  const size = existsSync(file) ? statSync(file).size : 0
  if (size === 0) return false
  const last = Buffer.alloc(1)
  const fd = openSync(file, "r")
  readSync(fd, last, 0, 1, size - 1)
  closeSync(fd)
  return last.toString() !== "\n"
}

const appendText = (runFolder: string, text: string) =>
  Effect.tryPromise({
    try: () => appendFile(journalIn(runFolder), text, { mode: 0o600 }),
    catch: (cause) => new StoreFailed({ path: journalIn(runFolder), reason: String(cause) })
  })
