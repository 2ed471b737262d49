/** Which process a run belongs to, told apart from a later one that got the same pid. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"

export const Owner = Schema.Struct({
  pid: Schema.Number,
  /** When the process started, as its kernel counts; null where that can't be read. */
  start_time: Schema.NullOr(Schema.String),
  boot_id: Schema.NullOr(Schema.String)
})
export type Owner = typeof Owner.Type

const read = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return null
  }
}

/** Field 22 of `/proc/PID/stat`, counted after the last `)`: the program's name may hold anything. */
const startTime = (pid: number): string | null => {
  const stat = read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null
}

const bootId = (): string | null => read("/proc/sys/kernel/random/boot_id")?.trim() ?? null

export const thisProcess: Effect.Effect<Owner> = Effect.sync(() => ({
  pid: process.pid,
  start_time: startTime(process.pid),
  boot_id: bootId()
}))

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}

/** Whether the very process that wrote this owner is still there. */
export const isAlive = (owner: Owner): boolean =>
  owner.boot_id === bootId() && exists(owner.pid) &&
  (owner.start_time === null || owner.start_time === startTime(owner.pid))

const decode = Schema.decodeUnknownOption(Schema.parseJson(Owner))

export const readOwner = (path: string): Option.Option<Owner> => Option.flatMap(Option.fromNullable(read(path)), decode)
