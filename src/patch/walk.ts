/**
 * A look at everything in a task's worktree before git is let near it, by
 * `lstat` alone: nothing is opened, no link is followed. The task's processes
 * must be gone.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { lstatSync, readdirSync, unlinkSync } from "node:fs"
import { setImmediate } from "node:timers/promises"

export interface Walk {
  /** Regular files and symlinks, outside `.git` folders. */
  readonly files: ReadonlySet<string>
  /** Folders that hold a `.git` of their own, in any letter case. */
  readonly nestedRepositories: ReadonlyArray<string>
  /** Pipes, sockets and devices. They hold no data, could make git hang, and are deleted. */
  readonly specialFiles: ReadonlyArray<string>
  /** Names that are not valid UTF-8: they can't be captured by name. */
  readonly unreadableNames: ReadonlyArray<string>
}

/** Limits on a worktree's content. */
export const walkLimits = { entries: 250_000, depth: 200 } as const

export class WalkFailed extends Schema.TaggedError<WalkFailed>()("WalkFailed", {
  worktree: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot look through ${this.worktree}: ${this.reason}`
  }
}

export const walk = Effect.fn("Patches.walk")(
  (worktree: string): Effect.Effect<Walk, WalkFailed> =>
    Effect.tryPromise({
      try: (signal) => walkFolder(worktree, signal),
      catch: (cause) => new WalkFailed({ worktree, reason: cause instanceof Error ? cause.message : String(cause) })
    }).pipe(
      Effect.interruptible,
      Effect.timeoutFail({
        duration: "60 seconds",
        onTimeout: () => new WalkFailed({ worktree, reason: "it took more than 60 s" })
      })
    )
)

const isGitName = (name: string): boolean => name.normalize("NFKC").toLowerCase() === ".git"

/** Calls block, ten times as fast as their asynchronous twins; other work gets its turn in between. */
const entriesPerTurn = 5000

const walkFolder = async (root: string, signal: AbortSignal): Promise<Walk> => {
  if (!lstatSync(root).isDirectory()) throw new Error("its root is no folder any more")
  const files = new Set<string>()
  const nestedRepositories: Array<string> = []
  const specialFiles: Array<string> = []
  const unreadableNames: Array<string> = []
  let entries = 0
  let turnEnds = entriesPerTurn
  const pending: Array<readonly [folder: string, depth: number]> = [["", 0]]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [folder, depth] = next
    if (depth > walkLimits.depth) throw new Error(`folders deeper than ${walkLimits.depth}`)
    for (const entry of readdirSync(folder === "" ? root : `${root}/${folder}`, { withFileTypes: true })) {
      entries += 1
      if (entries > walkLimits.entries) throw new Error(`more than ${walkLimits.entries} files and folders`)
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (isGitName(entry.name)) {
        // The worktree's own pointer file is git's, not the task's.
        if (folder !== "" || entry.name !== ".git") nestedRepositories.push(folder)
      } else if (entry.name.includes("\uFFFD")) {
        unreadableNames.push(path)
      } else if (entry.isDirectory()) {
        pending.push([path, depth + 1])
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        files.add(path)
      } else {
        specialFiles.push(path)
        unlinkSync(`${root}/${path}`)
      }
    }
    if (entries > turnEnds) {
      turnEnds = entries + entriesPerTurn
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  return { files, nestedRepositories, specialFiles, unreadableNames }
}
