/** A task that is run again: what its earlier attempt left in its log folder makes way, and stays. */
import * as Effect from "effect/Effect"
import { mkdirSync, renameSync } from "node:fs"
import { reasonOf } from "../domain/reasonOf.ts"
import { namesIn } from "../process/namesIn.ts"
import { StoreFailed } from "./durable.ts"

const attempts = "attempts"

/** Moves everything into `attempts/<n>`, n counted from 1. Gives n; 0 where there was nothing. */
export const setAside = (taskFolder: string): Effect.Effect<number, StoreFailed> =>
  Effect.try({
    try: () => {
      const names = namesIn(taskFolder).filter((name) => name !== attempts)
      if (names.length === 0) return 0
      const earlier = namesIn(`${taskFolder}/${attempts}`).length
      const folder = `${taskFolder}/${attempts}/${earlier + 1}`
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      for (const name of names) renameSync(`${taskFolder}/${name}`, `${folder}/${name}`)
      return earlier + 1
    },
    catch: (cause) => new StoreFailed({ path: taskFolder, reason: reasonOf(cause) })
  })
