/** Which process a run belongs to, told apart from a later one that got the same pid. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { bootId } from "../process/bootId.ts"

export const Owner = Schema.Struct({
  pid: Schema.Number,
  /** When the process started, as its kernel counts; null where that can't be read. */
  start_time: Schema.NullOr(Schema.String),
  boot_id: Schema.NullOr(Schema.String),
  /** Whose pids these are: a container has its own. Absent in older files. */
  pid_namespace: Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => null })
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
const startTimeByProc = (pid: number): string | null => {
  const stat = read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null
}

/** To the second, for systems without `/proc`. The same whatever the reader's clock, language and time zone. */
export const startTimeByPs = (pid: number): string | null => {
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], {
    env: { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC0" },
    encoding: "utf8",
    timeout: 2000
  })
  const told = (stdout ?? "").trim().replace(/\W+/g, "_")
  return told === "" ? null : told
}

export const startTime = process.platform === "linux" ? startTimeByProc : startTimeByPs

export const pidNamespace = (): string | null => {
  try {
    return readlinkSync("/proc/self/ns/pid")
  } catch {
    return null
  }
}

export const thisProcess: Effect.Effect<Owner> = Effect.sync(() => ({
  pid: process.pid,
  start_time: startTime(process.pid),
  boot_id: bootId(),
  pid_namespace: pidNamespace()
}))

/** Whether there is any process of this pid. */
export const isAlivePid = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}

/** Whether the very process that wrote this owner is still there. Where its start can't be told now, its pid is believed. */
export const isAlive = (owner: Owner): boolean =>
  owner.boot_id === bootId() && isAlivePid(owner.pid) &&
  (owner.start_time === null || (startTime(owner.pid) ?? owner.start_time) === owner.start_time)

/** Whose a folder is, as its first file says. */
export const ownerFile = (folder: string): string => `${folder}/owner.json`

const decode = Schema.decodeUnknownOption(Schema.parseJson(Owner))

export const readOwner = (path: string): Option.Option<Owner> => Option.flatMap(Option.fromNullable(read(path)), decode)

/** A runner says whose its folder is at once, and then again and again (`heartbeat.ts`); one that hasn't for so many milliseconds never will. */
const patience = 60_000

/** None where there is no such file, or it was left half-made; "hidden" where the system doesn't let us see. */
const ownerOf = (folder: string): Option.Option<Owner> | "hidden" => {
  try {
    return decode(readFileSync(ownerFile(folder), "utf8"))
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "ENOENT" ? Option.none() : "hidden"
  }
}

const isPresent = (folder: string, owner: Owner): boolean =>
  owner.boot_id === bootId() && owner.pid_namespace === pidNamespace()
    ? isAlive(owner)
    // A process of a container, of another machine that shares the folder, or from before this one was started: its
    // pid says nothing here.
    : Date.now() - (statSync(ownerFile(folder), { throwIfNoEntry: false })?.mtimeMs ?? 0) < patience

/** What can't be seen is alive: nobody touches it. */
export const ownerIsAlive = (folder: string): boolean => {
  const owner = ownerOf(folder)
  return owner === "hidden" || Option.exists(owner, (found) => isPresent(folder, found))
}

/** Whether the runner that made a folder is still at it, or may just have begun: its owner is the first file in it. */
export const isOwned = (folder: string): boolean => {
  const owner = ownerOf(folder)
  if (owner === "hidden" || Option.isSome(owner)) return ownerIsAlive(folder)
  const stats = statSync(folder, { throwIfNoEntry: false })
  return stats !== undefined && readdirSync(folder).every((name) => name.endsWith(".draft")) &&
    Date.now() - stats.mtimeMs < patience
}
