/** A task's patch and logs, masked, a page at a time. */
import * as Effect from "effect/Effect"
import { createReadStream, existsSync, statSync } from "node:fs"
import { makeRedactor, type Redactor, secretsOf } from "../audit/redaction.ts"
import { RunRejected } from "../domain/Problem.ts"
import { gateLogIn } from "../gate/gateLog.ts"
import { firstCharacters, isLowSurrogate } from "../process/boundedTail.ts"
import { Host } from "../process/Host.ts"
import { maxLogBytes } from "../store/cappedLog.ts"
import { taskFolder } from "../store/stateFolder.ts"
import { findRun, findTaskId } from "./findRun.ts"
import { asRejection, rejected } from "./rejection.ts"
import { locate } from "./startRun.ts"

/** A file of a task. */
export type TaskOutput = "patch" | "log" | "stderr" | "setup" | "gate"

/** Which part of which file. */
export interface OutputQuery {
  /** Names, as {@link findRun} takes them. */
  readonly run_id: string
  readonly task_id: string
  readonly what: TaskOutput
  /** In characters (UTF-16 code units) of the masked text. */
  readonly offset: number
  readonly limit: number
}

/** A part of a file. */
export interface OutputPage {
  readonly text: string
  /** As asked for, or one more where that was within a character. */
  readonly offset: number
  /** null: this is the end, so far. */
  readonly next_offset: number | null
  /** Characters of the whole, masked; of what lies beyond {@link maxLogBytes} nothing is told. */
  readonly total: number
}

const fileOf: Readonly<Record<TaskOutput, (folder: string) => string>> = {
  patch: (folder) => `${folder}/patch.diff`,
  log: (folder) => `${folder}/events.jsonl`,
  stderr: (folder) => `${folder}/stderr.log`,
  setup: (folder) => `${folder}/setup.log`,
  gate: gateLogIn
}

/** Nothing where the task has no such file, or none yet. */
export const taskOutput = Effect.fn("Runs.output")(function*({ limit, offset, run_id, task_id, what }: OutputQuery) {
  const { layout } = yield* locate()
  const { env } = yield* Host
  const run = yield* findRun(layout, run_id)
  const task = yield* findTaskId(run, task_id)
  const file = fileOf[what](taskFolder(layout, run.record.run_id, task))
  if (!existsSync(file)) return { text: "", offset, next_offset: null, total: 0 } satisfies OutputPage
  return yield* Effect.tryPromise({
    try: (signal) => readPage(file, makeRedactor(secretsOf(env)), offset, limit, signal),
    catch: (cause) => rejected("state_dir", `${file} can't be read: ${String(cause)}.`)
  })
}, Effect.mapError((error) => error instanceof RunRejected ? error : asRejection(error)))

/** All of it is masked, whatever part is wanted: a secret may begin before the page. */
const readPage = async (
  file: string,
  redactor: Redactor,
  offset: number,
  limit: number,
  signal: AbortSignal
): Promise<OutputPage> => {
  const masking = redactor.stream()
  let total = 0
  let text = ""
  const take = (masked: string): void => {
    const from = Math.max(0, offset - total)
    // A character more at either end, so that no pair of surrogates is halved.
    if (from < masked.length) text += masked.slice(from, from + Math.max(0, limit + 2 - text.length))
    total += masked.length
  }
  if (statSync(file).size > 0) {
    const pieces = createReadStream(file, { encoding: "utf8", end: maxLogBytes - 1, signal })
    for await (const piece of pieces) take(masking.push(String(piece)))
  }
  take(masking.end())
  // Half a character is no text to every reader of JSON: a page begins after it.
  const half = isLowSurrogate(text.charCodeAt(0)) ? 1 : 0
  const whole = text.slice(half)
  const page = firstCharacters(whole, limit)
  // A limit that is less than the one character must not stand still.
  const shown = page === "" ? firstCharacters(whole, 2) : page
  const from = offset + half
  const next = from + shown.length
  return { text: shown, offset: from, next_offset: next < total ? next : null, total }
}
