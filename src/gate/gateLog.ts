/** The gate's own log of a task: every call that Codex asked about, with the decision. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

export const GateEntry = Schema.Struct({
  at: Schema.String,
  id: Schema.String,
  tool: Schema.String,
  /** The command or patch as the model wrote it. */
  what: Schema.String,
  cwd: Schema.String,
  allow: Schema.Boolean,
  /** What ran in its place. */
  runs: Schema.optional(Schema.String),
  /** An edit, however it was asked for. */
  edit: Schema.optional(Schema.Boolean),
  reason: Schema.optional(Schema.String)
})
export type GateEntry = typeof GateEntry.Type

const decode = Schema.decodeUnknownOption(Schema.parseJson(GateEntry))

/** Entries of one log that are read; a task that makes more calls has other troubles. */
const maxEntries = 20_000

/** The entries in order; none where there is no log. A torn last line is left out. */
export const readGateLog = Effect.fn("Gate.readLog")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path).pipe(Effect.orElseSucceed(() => ""))
  return text.split("\n").slice(0, maxEntries).flatMap((line) => Option.toArray(decode(line)))
})
