/**
 * Removal that never keeps a task waiting: a folder is renamed out of the way,
 * which takes no time and follows no symlink, and deleted in the background.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { chmod, lstat, rmdir } from "node:fs/promises"
import { Processes } from "../process/Processes.ts"

const isMissing = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

/** Lets the owner of a folder move it; what a link leads to is left alone. */
const unlockFolder = (path: string) =>
  Effect.ignore(Effect.tryPromise(async () => {
    if ((await lstat(path)).isDirectory()) await chmod(path, 0o700)
  }))

export class Trash extends Context.Tag("codex-runner/Trash")<
  Trash,
  {
    /** Moves a file or folder into the trash folder (on the same file system) and starts deleting it. Missing is fine. */
    readonly discard: (path: string, trashFolder: string) => Effect.Effect<void>
    /** Removes a folder if it is empty. */
    readonly removeEmpty: (folder: string) => Effect.Effect<void>
    /** Waits, within a limit, until everything discarded so far is deleted. */
    readonly settle: Effect.Effect<void>
  }
>() {
  static readonly layer = Layer.effect(
    Trash,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const processes = yield* Processes
      const removals = new Set<Fiber.RuntimeFiber<void>>()
      const slots = yield* Effect.makeSemaphore(2)

      const tool = (command: string, ...args: ReadonlyArray<string>) =>
        processes.run({
          command,
          args,
          cwd: "/",
          env: { PATH: "/usr/bin:/bin" },
          timeout: "5 minutes",
          maxOutputBytes: 1024 * 1024
        })
      const rm = (path: string) => tool("rm", "-rf", "--", path)
      const unlockFolders = (path: string) => tool("chmod", "-R", "u+rwX", "--", path)
      const remove = (path: string) =>
        rm(path).pipe(
          // A task can leave folders that even their owner may not list.
          Effect.flatMap((end) =>
            end.code === 0 ? Effect.succeed(end) : Effect.zipRight(unlockFolders(path), rm(path))
          ),
          Effect.flatMap((end) => end.code === 0 ? Effect.void : Effect.fail(end.stderr.slice(0, 500))),
          slots.withPermits(1),
          Effect.catchAllCause((cause) => Effect.logWarning(`Worktree cleanup failed: ${path}`, cause))
        )

      let serial = 0
      const discard = Effect.fn("Trash.discard")(function*(path: string, trashFolder: string) {
        const target = `${trashFolder}/${process.pid}-${Date.now()}-${serial++}`
        yield* fs.makeDirectory(trashFolder, { recursive: true, mode: 0o700 })
        const move = Effect.as(fs.rename(path, target), true)
        const moved = yield* move.pipe(
          // Nor can a folder be moved whose owner may not write to it.
          Effect.catchIf((error) => !isMissing(error), () => Effect.zipRight(unlockFolder(path), move)),
          Effect.catchIf(isMissing, () => Effect.succeed(false))
        )
        if (!moved) return
        const fiber = yield* Effect.forkDaemon(Effect.asVoid(remove(target)))
        removals.add(fiber)
        fiber.addObserver(() => removals.delete(fiber))
      }, Effect.catchAllCause((cause) => Effect.logWarning("Worktree cleanup failed", cause)))

      return Trash.of({
        discard,
        removeEmpty: (folder) => Effect.ignore(Effect.tryPromise(() => rmdir(folder))),
        settle: Effect.suspend(() => Fiber.joinAll([...removals])).pipe(
          Effect.interruptible,
          Effect.timeoutOption("2 minutes"),
          Effect.ignore
        )
      })
    })
  )
}
