/**
 * One writer at a time to a repository's worktree entries, across processes.
 *
 * git's own `worktree add` and the removal of an entry read half-written
 * siblings when they overlap. The lock is the kernel's (`flock`), so that it
 * can't outlive its holder: a child takes it on a descriptor that we share and
 * exits; the lock lasts until we close ours.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"

/** The lock was not had: another runner holds it, or this system has no way to take it. */
export class LockFailed extends Schema.TaggedError<LockFailed>()("LockFailed", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot lock ${this.path}: ${this.reason}`
  }
}

export class RepoLock extends Context.Tag("codex-runner/RepoLock")<
  RepoLock,
  {
    /** Runs an effect that must be quick while this process alone holds the lock at `path`. */
    readonly withLock: (
      path: string
    ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LockFailed, R>
  }
>() {
  static readonly layer = Layer.effect(
    RepoLock,
    Effect.map(Effect.makeSemaphore(1), (withinProcess) =>
      RepoLock.of({
        withLock: (path) => (effect) =>
          Effect.acquireUseRelease(openLock(path), (fd) =>
            Effect.zipRight(lock(path, fd), effect), (fd) =>
            Effect.sync(() => closeSync(fd))).pipe(withinProcess.withPermits(1))
      }))
  )
}

const patience = Duration.seconds(30)

/** `flock` is everywhere on Linux, though not with a limit of its own (BusyBox); macOS has no such program, but perl. */
const lockers: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["flock", ["-x", "3"]],
  ["perl", ["-e", "use Fcntl ':flock'; open(my $f, '>&=', 3) or die; flock($f, LOCK_EX) or exit 1"]]
]

const openLock = (path: string) =>
  Effect.try({
    try: () => openSync(path, "a", 0o600),
    catch: (cause) => new LockFailed({ path, reason: String(cause) })
  })

const lock = (path: string, fd: number): Effect.Effect<void, LockFailed> => {
  const attempt = (index: number): Effect.Effect<void, LockFailed> => {
    const locker = lockers[index]
    if (locker === undefined) {
      return Effect.fail(new LockFailed({ path, reason: "neither flock nor perl is installed" }))
    }
    return Effect.flatMap(runLocker(locker, fd), (end) => {
      if (end === "missing") return attempt(index + 1)
      if (end === "waited") {
        return Effect.fail(new LockFailed({ path, reason: `another process held it for ${Duration.format(patience)}` }))
      }
      return end === 0
        ? Effect.void
        : Effect.fail(new LockFailed({ path, reason: `${locker[0]} failed (exit ${end})` }))
    })
  }
  return attempt(0)
}

const runLocker = ([program, args]: readonly [string, ReadonlyArray<string>], fd: number) =>
  Effect.async<number | "missing" | "waited">((resume) => {
    const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "ignore", "ignore", fd] })
    const end = (how: number | "missing" | "waited") => {
      clearTimeout(timer)
      resume(Effect.succeed(how))
    }
    const stop = () => void child.kill("SIGKILL")
    const timer = setTimeout(() => {
      stop()
      end("waited")
    }, Duration.toMillis(patience))
    child.once("error", () => end("missing"))
    child.once("exit", (code) => end(code ?? 1))
    return Effect.sync(() => {
      clearTimeout(timer)
      stop()
    })
  })
