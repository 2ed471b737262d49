/** What `codex exec --json` prints, as events. Nothing that it prints can make this fail. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  type CodexEvent,
  ItemCompleted,
  ItemStarted,
  ItemUpdated,
  StreamError,
  ThreadStarted,
  TurnCompleted,
  TurnFailed,
  TurnStarted,
  type Unknown
} from "../domain/CodexEvent.ts"
import { firstCharacters } from "../process/boundedTail.ts"
import { type LineOptions, splitLines } from "../process/lines.ts"

/** Characters kept of a line that is not understood; the raw log has the whole. */
export const maxUnknownCharacters = 2_000

/** Bytes of one line: a command's whole output comes as one. */
const defaultMaxLineBytes = 16 * 1024 * 1024

// Without `Unknown`, so that no line can pass itself off as one.
const decode = Schema.decodeUnknownOption(
  Schema.Union(
    ItemStarted,
    ItemUpdated,
    ItemCompleted,
    ThreadStarted,
    TurnStarted,
    TurnCompleted,
    TurnFailed,
    StreamError
  )
)

/** One line as an event; whatever it is, an event comes back. */
export const parseEvent = (line: string): CodexEvent => {
  const json = couldBeJson.test(line) ? parseJson(line) : Option.none()
  if (Option.isNone(json)) return unknown(line, "not_json")
  return Option.getOrElse(decode(json.value), () => unknown(line, "not_known"))
}

/** The events in Codex's stdout. Blank lines are none. */
export const events =
  (options: Partial<LineOptions> = {}) =>
  <E, R>(stdout: Stream.Stream<Uint8Array, E, R>): Stream.Stream<CodexEvent, E, R> =>
    stdout.pipe(
      splitLines({ maxBytes: options.maxBytes ?? defaultMaxLineBytes }),
      Stream.filter((line) => line.truncated || line.text.trim() !== ""),
      Stream.map((line) => line.truncated ? unknown(line.text, "too_long") : parseEvent(line.text))
    )

/** To be told by an exception takes longer than all the rest: a flood of chatter would. */
const couldBeJson = /^\s*(?:[{["\d-]|true|false|null)/

const parseJson = Option.liftThrowable((line: string): unknown => JSON.parse(line))

const unknown = (line: string, reason: Unknown["reason"]): Unknown => ({
  type: "unknown",
  line: firstCharacters(line, maxUnknownCharacters),
  reason
})
