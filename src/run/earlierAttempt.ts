/** What a task that is run again can go on from: Codex's thread, and its work so far. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { closeSync, existsSync, openSync, readSync } from "node:fs"
import { ThreadStarted } from "../domain/CodexEvent.ts"
import { namesIn } from "../process/namesIn.ts"

export interface EarlierAttempt {
  readonly thread: string
  /** The commit that holds the work; null where nothing had been changed. */
  readonly work: string | null
}

const decode = Schema.decodeUnknownOption(Schema.parseJson(ThreadStarted))

/** Of Codex's events; its thread is told in the first of them. */
const headBytes = 64 * 1024

/** An attempt that was set aside, in which Codex had begun a thread. */
export interface BegunAttempt {
  readonly thread: string
  /** Whether it left work, to be found under a ref. */
  readonly hasPatch: boolean
}

/** The latest of them: later ones may have ended before their Codex began, as where a run is cancelled while a task waits. */
export const lastBegunAttempt = (taskFolder: string): Option.Option<BegunAttempt> => {
  const folder = `${taskFolder}/attempts`
  const numbers = namesIn(folder).map(Number).filter(Number.isInteger)
  return Option.firstSomeOf(
    numbers.sort((a, b) => b - a).map((number) =>
      Option.map(threadOf(`${folder}/${number}/events.jsonl`), (thread): BegunAttempt => ({
        thread,
        hasPatch: existsSync(`${folder}/${number}/patch.diff`)
      }))
    )
  )
}

const threadOf = (events: string): Option.Option<string> => {
  try {
    const [started] = headOf(events).split("\n").flatMap((line) => Option.toArray(decode(line)))
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
