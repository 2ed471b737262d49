/**
 * Removal that never keeps a task waiting: a folder is renamed out of the way,
 * which takes no time and follows no symlink, and deleted in the background.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { rmdir } from "node:fs/promises"
import { Processes } from "../process/Processes.ts"

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
          Effect.flatMap((end) => end.code === 0 ? Effect.void : Effect.zipRight(unlockFolders(path), rm(path))),
          slots.withPermits(1),
          Effect.catchAllCause((cause) => Effect.logWarning(`Worktree cleanup failed: ${path}`, cause))
        )

      let serial = 0
      const discard = Effect.fn("Trash.discard")(function*(path: string, trashFolder: string) {
        const target = `${trashFolder}/${process.pid}-${Date.now()}-${serial++}`
        yield* fs.makeDirectory(trashFolder, { recursive: true, mode: 0o700 })
        const moved = yield* Effect.isSuccess(fs.rename(path, target))
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
