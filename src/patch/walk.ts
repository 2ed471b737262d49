/**
 * A look at everything in a task's worktree before git is let near it, by
 * `lstat` alone: nothing is opened, no link is followed. The task's processes
 * must be gone.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { chmodSync, type Dirent, lstatSync, readdirSync, unlinkSync } from "node:fs"
import { setImmediate } from "node:timers/promises"
import { reasonOf } from "../domain/reasonOf.ts"

export interface Walk {
  /** Regular files and symlinks, outside `.git` folders. */
  readonly files: ReadonlySet<string>
  /** The `.git` of each folder that is a repository of its own, in any letter case. */
  readonly nestedRepositories: ReadonlyArray<string>
  /** Pipes, sockets and devices. They hold no data, could make git hang, and are deleted. */
  readonly specialFiles: ReadonlyArray<string>
  /** Files and links whose path is not valid UTF-8, with � for what can't be read: they can't be captured by name. */
  readonly unreadableNames: ReadonlyArray<string>
}

/** Limits on a worktree's content. */
export const walkLimits = { entries: 250_000, depth: 200, seconds: 60 } as const

export class WalkFailed extends Schema.TaggedError<WalkFailed>()("WalkFailed", {
  worktree: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot look through ${this.worktree}: ${this.reason}`
  }
}

export interface WalkOptions {
  /** Folders of which nothing counts. */
  readonly except: ReadonlySet<string>
  /** How many files there were before the task: they don't count for the limit. */
  readonly expected: number
}

export const walk = Effect.fn("Patches.walk")(
  (worktree: string, options: WalkOptions): Effect.Effect<Walk, WalkFailed> =>
    Effect.tryPromise({
      try: (signal) => walkFolder(worktree, options, signal),
      catch: (cause) => new WalkFailed({ worktree, reason: reasonOf(cause) })
    })
)

/** Whether a path was not valid UTF-8, or looks as if. */
export const isUnreadable = (path: string): boolean => path.includes("\uFFFD")

const isGitName = (name: string): boolean => name.normalize("NFKC").toLowerCase() === ".git"

/** Calls block, ten times as fast as their asynchronous twins; other work gets its turn in between. */
const entriesPerTurn = 5000

/** A folder by its bytes where its path is not valid UTF-8, so that what is in it is seen all the same. */
type Place = string | Buffer

const walkFolder = async (root: string, { except, expected }: WalkOptions, signal: AbortSignal): Promise<Walk> => {
  if (!lstatSync(root).isDirectory()) throw new Error("its root is no folder any more")
  const limit = walkLimits.entries + expected
  const files = new Set<string>()
  const nestedRepositories: Array<string> = []
  const specialFiles: Array<string> = []
  const unreadableNames: Array<string> = []
  let entries = 0
  let turnEnds = entriesPerTurn
  const deadline = performance.now() + walkLimits.seconds * 1000
  const pending: Array<{ readonly path: string; readonly place: Place; readonly depth: number }> = [
    { path: "", place: root, depth: 0 }
  ]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { depth, path: folder, place } = next
    if (depth > walkLimits.depth) throw new Error(`folders deeper than ${walkLimits.depth}`)
    for (const { entry, name, place: at } of list(place)) {
      entries += 1
      if (entries > limit) throw new Error(`more than ${limit} files and folders`)
      const path = folder === "" ? name : `${folder}/${name}`
      if (isGitName(name)) {
        // The worktree's own pointer file is git's, not the task's.
        if (folder !== "" || name !== ".git" || !entry.isFile()) nestedRepositories.push(path)
      } else if (entry.isDirectory()) {
        if (!except.has(path)) pending.push({ path, place: at, depth: depth + 1 })
      } else if (!entry.isFile() && !entry.isSymbolicLink()) {
        specialFiles.push(path)
        unlinkSync(at)
      } else if (isUnreadable(path)) {
        unreadableNames.push(path)
      } else {
        files.add(path)
      }
    }
    if (entries > turnEnds) {
      turnEnds = entries + entriesPerTurn
      await setImmediate()
      signal.throwIfAborted()
      if (performance.now() > deadline) throw new Error(`it took more than ${walkLimits.seconds} s`)
    }
  }
  return { files, nestedRepositories, specialFiles, unreadableNames }
}

interface Found {
  readonly name: string
  readonly place: Place
  readonly entry: Pick<Dirent, "isDirectory" | "isFile" | "isSymbolicLink">
}

/** One by one: a folder may have hundreds of thousands. */
function* list(folder: Place): Generator<Found, void> {
  openUp(folder)
  if (typeof folder === "string") {
    const entries = readdirSync(folder, { withFileTypes: true })
    if (!entries.some((entry) => isUnreadable(entry.name))) {
      for (const entry of entries) yield { name: entry.name, place: `${folder}/${entry.name}`, entry }
      return
    }
  }
  const bytes = Buffer.from(folder)
  for (const entry of readdirSync(bytes, { withFileTypes: true, encoding: "buffer" })) {
    yield { name: entry.name.toString("utf8"), place: Buffer.concat([bytes, Buffer.from("/"), entry.name]), entry }
  }
}

/** The task's own modes don't keep its work from being seen. git stores none of a folder. */
const openUp = (folder: Place): void => {
  const { mode } = lstatSync(folder)
  if ((mode & 0o700) !== 0o700) chmodSync(folder, mode | 0o700)
}
