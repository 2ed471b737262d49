/** The gate's own log of a task: every call that Codex asked about, with the decision. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { splitLines } from "../process/lines.ts"
import { unansweredSuffix } from "./hookCommand.ts"

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

/** The files of a task's gate, in the task's folder. */
export const policyIn = (folder: string): string => `${folder}/gate-policy.json`
export const gateLogIn = (folder: string): string => `${folder}/gate.jsonl`

/** A line of the log; none where it is torn. */
export const decodeGateEntry = Schema.decodeUnknownOption(Schema.parseJson(GateEntry))

/** Entries of one log that are read, and bytes of it; a task that makes more calls has other troubles. */
const maxEntries = 20_000
const maxBytes = 64 * 1024 * 1024
/** The hook logs no longer line, escapes counted. */
const maxLineBytes = 1024 * 1024

/** A call that was denied because the hook program crashed or hung: of these no more is known than that they were. */
const unanswered: GateEntry = {
  at: "",
  id: "",
  tool: "unknown",
  what: "",
  cwd: "",
  allow: false,
  reason: "The policy gate gave no answer."
}

const maxUnanswered = 1_000

/** Everything that is known of a task's calls. */
export const readGateLogIn = Effect.fn("Gate.readLogIn")(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const lost = yield* fs.stat(`${policyIn(folder)}${unansweredSuffix}`).pipe(
    Effect.map(({ size }) => Math.min(Number(size), maxUnanswered)),
    Effect.orElseSucceed(() => 0)
  )
  return [...(yield* readGateLog(gateLogIn(folder))), ...Array.from({ length: lost }, () => unanswered)]
})

/** The entries in order; none where there is no log. A torn line is left out. */
export const readGateLog = Effect.fn("Gate.readLog")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const entries = yield* fs.stream(path, { bytesToRead: maxBytes }).pipe(
    splitLines({ maxBytes: maxLineBytes }),
    Stream.filterMap((line) => decodeGateEntry(line.text)),
    Stream.take(maxEntries),
    Stream.runCollect,
    Effect.orElseSucceed(() => Chunk.empty<GateEntry>())
  )
  return Chunk.toReadonlyArray(entries)
})
