/**
 * Removal that never keeps a task waiting: a folder is renamed out of the way,
 * which takes no time and follows no symlink, and deleted in the background.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { randomInt } from "node:crypto"
import { chmod, lstat, rmdir } from "node:fs/promises"
import { Processes } from "../process/Processes.ts"
import { waitAtMost } from "../process/waitAtMost.ts"
import { ownMark } from "../store/ownMark.ts"
import { tellCleanupFailed } from "./tellCleanupFailed.ts"

const isMissing = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

/** Lets the owner of a folder move it; what a link leads to is left alone. */
const unlockFolder = (path: string) =>
  Effect.ignore(Effect.tryPromise(async () => {
    if ((await lstat(path)).isDirectory()) await chmod(path, 0o700)
  }))

/** How long a folder may lie in the trash so that others can join it. */
const lull = Duration.millis(250)

/** Where folders go at once, to be deleted behind the back of whoever waits. */
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
      /** Out of the way, not yet deleted: one `rm` takes all that came within a lull, or while another was at work. */
      const waiting: Array<string> = []
      const oneAtATime = yield* Effect.makeSemaphore(1)
      const hurry = yield* Effect.makeLatch()

      const tool = (command: string, ...args: ReadonlyArray<string>) =>
        processes.run({
          command,
          args,
          cwd: "/",
          env: { PATH: "/usr/bin:/bin" },
          timeout: "5 minutes",
          maxOutputBytes: 1024 * 1024
        })
      const rm = (paths: ReadonlyArray<string>) => tool("rm", "-rf", "--", ...paths)
      const unlockFolders = (paths: ReadonlyArray<string>) => tool("chmod", "-R", "u+rwX", "--", ...paths)
      const remove = (paths: ReadonlyArray<string>) =>
        rm(paths).pipe(
          // A task can leave folders that even their owner may not list.
          Effect.flatMap((end) =>
            end.code === 0 ? Effect.succeed(end) : Effect.zipRight(unlockFolders(paths), rm(paths))
          ),
          Effect.flatMap((end) => end.code === 0 ? Effect.void : Effect.fail(end.stderr.slice(0, 500))),
          Effect.catchAllCause(tellCleanupFailed)
        )
      const removeWaiting = Effect.suspend(() => {
        const paths = waiting.splice(0, 100)
        return paths.length === 0 ? Effect.void : remove(paths)
      }).pipe(oneAtATime.withPermits(1))

      const discard = Effect.fn("Trash.discard")(function*(path: string, trashFolder: string) {
        // A process may have several of these services, each with its own runs.
        const target = `${trashFolder}/${ownMark()}-${Date.now()}-${randomInt(2 ** 47)}`
        yield* fs.makeDirectory(trashFolder, { recursive: true, mode: 0o700 })
        const move = Effect.as(fs.rename(path, target), true)
        const moved = yield* move.pipe(
          // Nor can a folder be moved whose owner may not write to it.
          Effect.catchIf((error) => !isMissing(error), () => Effect.zipRight(unlockFolder(path), move)),
          Effect.catchIf(isMissing, () => Effect.succeed(false))
        )
        if (!moved) return
        waiting.push(target)
        const fiber = yield* Effect.forkDaemon(
          Effect.zipRight(Effect.interruptible(Effect.raceFirst(Effect.sleep(lull), hurry.await)), removeWaiting)
        )
        removals.add(fiber)
        fiber.addObserver(() => removals.delete(fiber))
      }, Effect.catchAllCause(tellCleanupFailed))

      return Trash.of({
        discard,
        removeEmpty: (folder) => Effect.ignore(Effect.tryPromise(() => rmdir(folder))),
        settle: hurry.open.pipe(
          Effect.zipRight(Effect.suspend(() => waitAtMost("2 minutes", Fiber.awaitAll([...removals])))),
          Effect.ensuring(hurry.close)
        )
      })
    })
  )
}
