/** What a task that is run again can go on from: Codex's thread, and its work so far. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { closeSync, openSync, readdirSync, readSync } from "node:fs"
import { ThreadStarted } from "../domain/CodexEvent.ts"

export interface EarlierAttempt {
  readonly thread: string
  /** The commit that holds the work; null where nothing had been changed. */
  readonly work: string | null
}

const decode = Schema.decodeUnknownOption(Schema.parseJson(ThreadStarted))

/** Of Codex's events; its thread is told in the first of them. */
const headBytes = 64 * 1024

/** The thread of a task's latest attempt that was set aside; none where Codex had not begun one. */
export const threadOfLastAttempt = (taskFolder: string): Option.Option<string> => {
  try {
    const attempts = readdirSync(`${taskFolder}/attempts`).map(Number).filter(Number.isInteger)
    const head = headOf(`${taskFolder}/attempts/${Math.max(...attempts)}/events.jsonl`)
    const [started] = head.split("\n").flatMap((line) => Option.toArray(decode(line)))
    return Option.map(Option.fromNullable(started), ({ thread_id }) => thread_id)
  } catch {
    return Option.none()
  }
}

const headOf = (file: string): string => {
  const fd = openSync(file, "r")
  try {
    const bytes = Buffer.alloc(headBytes)
    return bytes.toString("utf8", 0, readSync(fd, bytes, 0, headBytes, 0))
  } finally {
    closeSync(fd)
  }
}
