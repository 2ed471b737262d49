/**
 * What a run left on record: one line for its start, for each task's final
 * result, for its end, each holding the hash of the line before it and signed
 * with the user's key. A changed byte, a missing line or a swapped patch shows.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash, sign, verify } from "node:crypto"
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync
} from "node:fs"
import { reasonOf } from "../domain/reasonOf.ts"
import { StoreFailed } from "./durable.ts"
import type { SigningKey } from "./signingKey.ts"

const Content = Schema.Struct({
  /** From 0, without a gap. */
  seq: Schema.Number,
  /** SHA-256 of the line before; empty for the first. */
  prev: Schema.String,
  /** ISO 8601. */
  at: Schema.String,
  /** `resume`: what was on record of the task, or of the run's end, is no longer what lies on disk. */
  kind: Schema.Literal("run", "task", "end", "apply", "resume"),
  run_id: Schema.String,
  task_id: Schema.NullOr(Schema.String),
  status: Schema.NullOr(Schema.String),
  /** Of `run.json`, the task's `result.json`, or the run's. */
  result_sha256: Schema.NullOr(Schema.String),
  patch_sha256: Schema.NullOr(Schema.String),
  key: Schema.String
})

const Record = Schema.Struct({ ...Content.fields, signature: Schema.String })
export type Record = typeof Record.Type

const decode = Schema.decodeUnknownEither(Schema.parseJson(Record))

export type NewRecord = Pick<Record, "kind" | "run_id" | "task_id" | "status" | "result_sha256" | "patch_sha256">

export const sha256Of = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

export const recordsIn = (runFolder: string): string => `${runFolder}/records.jsonl`

/** Every line, one that a crash left without its end too. */
const readLines = (path: string): { readonly lines: ReadonlyArray<string>; readonly torn: boolean } => {
  const lines = (existsSync(path) ? readFileSync(path, "utf8") : "").split("\n")
  const torn = lines.at(-1) !== ""
  return { lines: torn ? lines : lines.slice(0, -1), torn }
}

/** What the next record comes after. */
interface End {
  /** Lines before it. */
  readonly count: number
  readonly last: string
  readonly torn: boolean
}

/** More than the longest line. */
const tailBytes = 8192

/** From the last line alone where that is whole: the records of a long run are read once for each of its tasks. */
const readEnd = (path: string): End => {
  const last = /\n([^\n]+)\n$/.exec(readTail(path))?.[1]
  const record = last === undefined ? Option.none() : Either.getRight(decode(last))
  if (last !== undefined && Option.isSome(record)) return { count: record.value.seq + 1, last, torn: false }
  const { lines, torn } = readLines(path)
  return { count: lines.length, last: lines.at(-1) ?? "", torn }
}

const readTail = (path: string): string => {
  if (!existsSync(path)) return ""
  const file = openSync(path, "r")
  try {
    const { size } = fstatSync(file)
    const tail = Buffer.alloc(Math.min(size, tailBytes))
    return tail.toString("utf8", 0, readSync(file, tail, 0, tail.length, size - tail.length))
  } finally {
    closeSync(file)
  }
}

/** What a line ends with, after the text that is signed. */
const signatureMark = (signature: string): string => `,"signature":"${signature}"}`

/** Appends to a run's records and flushes them to disk. One process at a time: the run's owner. */
export const appendRecord = (
  runFolder: string,
  key: SigningKey,
  record: NewRecord
): Effect.Effect<void, StoreFailed> => {
  const path = recordsIn(runFolder)
  return Effect.try({
    try: () => {
      const { count, last, torn } = readEnd(path)
      const content: typeof Content.Type = {
        seq: count,
        prev: count === 0 ? "" : sha256Of(last),
        at: new Date().toISOString(),
        ...record,
        key: key.id
      }
      const text = JSON.stringify(content)
      const signature = sign(null, Buffer.from(text), key.privateKey).toString("base64")
      const file = openSync(path, "a", 0o600)
      const { size } = fstatSync(file)
      try {
        writeFileSync(file, `${torn ? "\n" : ""}${text.slice(0, -1)}${signatureMark(signature)}\n`)
        fsyncSync(file)
      } catch (cause) {
        // On a full disk a part of it can be there.
        ftruncateSync(file, size)
        throw cause
      } finally {
        closeSync(file)
      }
    },
    catch: (cause) => new StoreFailed({ path, reason: reasonOf(cause) })
  })
}

/** Whether a run's records speak of a result with this content. */
export const isOnRecord = (runFolder: string, result: string): boolean => {
  const sha256 = sha256Of(result)
  return readLines(recordsIn(runFolder)).lines.some((line) =>
    Option.exists(Either.getRight(decode(line)), (record) => record.result_sha256 === sha256)
  )
}

/** The files that a record speaks of, by what `verify` finds on disk now; null where there is none. */
export interface RecordedFiles {
  readonly result: Uint8Array | null
  readonly patch: Uint8Array | null
}

export interface FoundOnDisk {
  readonly filesOf: (record: Record) => RecordedFiles
  /** Tasks that have a final result. */
  readonly tasks: ReadonlyArray<string>
  /** The run has one. */
  readonly ended: boolean
}

/** Everything that is wrong with a run's records; nothing where they hold. */
export const verifyRecords = (
  runFolder: string,
  key: SigningKey,
  found: FoundOnDisk
): ReadonlyArray<string> => {
  const { lines, torn } = readLines(recordsIn(runFolder))
  const problems: Array<string> = torn ? ["the last record has no end"] : []
  const records: Array<Record> = []
  lines.forEach((line, index) => {
    const decoded = decode(line)
    if (Either.isLeft(decoded)) {
      problems.push(`record ${index} can't be read`)
      return
    }
    const record = decoded.right
    records.push(record)
    const name = nameOf({ ...record, seq: index })
    if (record.seq !== index) problems.push(`${name} says it is number ${record.seq}: a record is missing or added`)
    const before = index === 0 ? "" : sha256Of(lines[index - 1] ?? "")
    if (record.prev !== before) {
      problems.push(`${name} does not follow the one before it: that one was changed or is missing`)
    }
    problems.push(...checkSignature(line, record, key, name))
  })
  const current = records.filter((record) => !isSuperseded(record, records))
  for (const record of current) problems.push(...checkFiles(record, found.filesOf(record), nameOf(record)))
  if (records.length === 0) return ["there are no records"]
  if (records[0]?.kind !== "run") problems.push("the first record is missing")
  if (found.ended && !current.some((record) => record.kind === "end")) {
    problems.push("the record of the run's end is missing")
  }
  for (const task of found.tasks) {
    if (!current.some((record) => record.kind === "task" && record.task_id === task)) {
      problems.push(`the record of task ${task} is missing`)
    }
  }
  return problems
}

const nameOf = ({ kind, seq, task_id }: Record): string =>
  `record ${seq} (${kind}${task_id === null ? "" : ` ${task_id}`})`

/** Whether the task, or the run's end, was begun anew afterwards: the earlier attempt's files lie elsewhere. */
const isSuperseded = (record: Record, all: ReadonlyArray<Record>): boolean =>
  (record.kind === "task" || record.kind === "end" || record.kind === "apply") &&
  all.some(({ kind, seq, task_id }) => kind === "resume" && seq > record.seq && task_id === record.task_id)

/** By the bytes of the line, not by what they mean: one changed byte is a change. */
const checkSignature = (line: string, record: Record, key: SigningKey, name: string): ReadonlyArray<string> => {
  if (record.key !== key.id) return [`${name} is signed with another key (${record.key})`]
  const mark = signatureMark(record.signature)
  const signature = Buffer.from(record.signature, "base64")
  const holds = line.endsWith(mark) && signature.toString("base64") === record.signature &&
    verify(null, Buffer.from(`${line.slice(0, -mark.length)}}`), key.publicKey, signature)
  return holds ? [] : [`${name} was changed: its signature does not hold`]
}

const checkFiles = (record: Record, files: RecordedFiles, name: string): ReadonlyArray<string> =>
  ([["result", record.result_sha256, files.result], ["patch", record.patch_sha256, files.patch]] as const).flatMap(
    ([what, expected, bytes]) => {
      if (expected === null) return []
      if (bytes === null) return [`${name}: its ${what} is missing`]
      return sha256Of(bytes) === expected ? [] : [`${name}: its ${what} was changed`]
    }
  )
