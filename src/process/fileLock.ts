/**
 * The kernel's lock on an open file (`flock`), so that it can't outlive its
 * holder. Node has no call for it: a child takes it on a descriptor that we
 * share, and exits; the lock lasts until we close ours.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"

/** The lock was not had: another process holds it, or this system has no way to take it. */
export class LockFailed extends Schema.TaggedError<LockFailed>()("LockFailed", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot lock ${this.path}: ${this.reason}`
  }
}

const patience = Duration.seconds(30)

/** `flock` is everywhere on Linux, though not with a limit of its own (BusyBox); macOS has no such program, but perl. */
const lockers = (mayWait: boolean): ReadonlyArray<readonly [string, ReadonlyArray<string>]> => [
  ["flock", [mayWait ? "-x" : "-xn", "3"]],
  [
    "perl",
    [
      "-e",
      `use Fcntl ':flock'; open(my $f, '>&=', 3) or exit 2; flock($f, LOCK_EX${mayWait ? "" : " | LOCK_NB"}) or exit 1`
    ]
  ]
]

/** Opens a file to be locked; it is made where it is missing. Closing it is the caller's. */
export const openLock = (path: string): Effect.Effect<number, LockFailed> =>
  Effect.try({
    try: () => openSync(path, "a", 0o600),
    catch: (cause) => new LockFailed({ path, reason: String(cause) })
  })

/** Waits until this process alone holds the lock, up to a limit. */
const takeLock = (path: string, fd: number): Effect.Effect<void, LockFailed> =>
  Effect.flatMap(attempt(path, fd, true), (end) =>
    end === "taken"
      ? Effect.void
      : new LockFailed({ path, reason: `another process held it for ${Duration.format(patience)}` }))

/** Runs an effect while this process alone holds the lock at a path. */
export const holdingLock =
  (path: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | LockFailed, R> =>
    Effect.acquireUseRelease(
      openLock(path),
      (fd) => Effect.zipRight(takeLock(path, fd), effect),
      (fd) => Effect.sync(() => closeSync(fd))
    )

/** Takes the lock if nobody has it; whether it did. */
export const tryLock = (path: string, fd: number): Effect.Effect<boolean, LockFailed> =>
  Effect.map(attempt(path, fd, false), (end) => end === "taken")

const attempt = (path: string, fd: number, mayWait: boolean): Effect.Effect<"taken" | "busy", LockFailed> => {
  const [known, other] = lockers(mayWait)
  const judge = (end: LockerEnd): Effect.Effect<"taken" | "busy", LockFailed> => {
    if (end === 0) return Effect.succeed("taken")
    if (end === "waited" || (end === 1 && !mayWait)) return Effect.succeed("busy")
    return new LockFailed({
      path,
      reason: end === "missing" ? "neither flock nor perl is installed" : `locking failed (exit ${end})`
    })
  }
  return Effect.flatMap(
    runLocker(known, fd),
    (end) => end === "missing" ? Effect.flatMap(runLocker(other, fd), judge) : judge(end)
  )
}

type LockerEnd = number | "missing" | "waited" | "hit"

const runLocker = (locker: readonly [string, ReadonlyArray<string>] | undefined, fd: number) =>
  Effect.map(
    Effect.repeat(runLockerOnce(locker, fd), { while: (end) => end === "hit", times: 10 }),
    (end): Exclude<LockerEnd, "hit"> => end === "hit" ? 2 : end
  )

const runLockerOnce = (locker: readonly [string, ReadonlyArray<string>] | undefined, fd: number) =>
  Effect.async<LockerEnd>((resume) => {
    if (locker === undefined) return resume(Effect.succeed("missing"))
    // In a group of its own: a terminal's Ctrl-C is for us. On its way there it may be hit all the same.
    const child: ChildProcess = spawn(locker[0], locker[1], {
      detached: true,
      stdio: ["ignore", "ignore", "ignore", fd]
    })
    const end = (how: LockerEnd) => {
      clearTimeout(timer)
      resume(Effect.succeed(how))
    }
    const stop = () => void child.kill("SIGKILL")
    const timer = setTimeout(() => {
      stop()
      end("waited")
    }, Duration.toMillis(patience))
    child.once("error", () => end("missing"))
    child.once("exit", (code, signal) => end(signal === "SIGINT" ? "hit" : code ?? 2))
    return Effect.sync(() => {
      clearTimeout(timer)
      stop()
    })
  })
