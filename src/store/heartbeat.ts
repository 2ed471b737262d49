/** A runner at work tells that it is, and listens whether it is to end: by files, for processes that can't see it. */
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, utimesSync } from "node:fs"
import { cancelMark } from "./marks.ts"
import { ownerFile } from "./owner.ts"

/** How often it tells, and how often it listens, in milliseconds. */
const heartbeat = 10_000
const glance = 250

const read = (file: string): string | null => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return null
  }
}

/** Says again and again that a folder's owner, this process, is still there; until told to stop, or it is another's. */
export const keepBeating = (folder: string, every: number = heartbeat): () => void => {
  const file = ownerFile(folder)
  const own = read(file)
  const timer = setInterval(() => {
    if (read(file) !== own) return clearInterval(timer)
    const now = new Date()
    try {
      utimesSync(file, now, now)
    } catch {
      // Read-only: then nobody is told.
    }
  }, every)
  timer.unref()
  return () => clearInterval(timer)
}

/** The heartbeats of one process's folders. */
export const makeHeartbeats = () => {
  const beats = new Map<string, () => void>()
  const end = (folder: string): void => {
    beats.get(folder)?.()
    beats.delete(folder)
  }
  const begin = (folder: string): void => {
    end(folder)
    beats.set(folder, keepBeating(folder))
  }
  return {
    begin: (folder: string) => Effect.sync(() => begin(folder)),
    end: (folder: string) => Effect.sync(() => end(folder))
  }
}

/** Comes back once somebody has asked that the run be ended. */
export const attend = (folder: string): Effect.Effect<void> =>
  Effect.suspend(() =>
    existsSync(cancelMark(folder)) ? Effect.void : Effect.zipRight(Effect.sleep(glance), attend(folder))
  )
