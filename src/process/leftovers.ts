/**
 * Ends what a task left running outside its process group. Found by a marker in
 * the environment, which a process could clear: a second line, behind the
 * sandbox and the group.
 */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"

const marked = (entry: string): ReadonlyArray<number> => {
  let names: ReadonlyArray<string>
  try {
    names = readdirSync("/proc")
  } catch {
    return []
  }
  return names.flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const environment = readFileSync(`/proc/${name}/environ`, "latin1")
      return environment.split("\0").includes(entry) ? [Number(name)] : []
    } catch {
      // Gone, or another user's.
      return []
    }
  })
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // Gone in between.
  }
}

/** Kills every process whose environment holds `NAME=value`, until there is none or 5 s are over. Gives how many were left. */
export const endMarked = Effect.fn("Processes.endMarked")(function*(name: string, value: string) {
  for (let round = 0; round < 100; round++) {
    const pids = marked(`${name}=${value}`).filter((pid) => pid !== process.pid)
    if (pids.length === 0) return 0
    for (const pid of pids) kill(pid)
    yield* Effect.sleep("50 millis")
  }
  return marked(`${name}=${value}`).length
})
