/** Whether processes are still there, as the kernel sees it: a zombie is gone. */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"

export const isRunning = (pid: number): boolean => {
  try {
    const stat = Fs.readFileSync(`/proc/${pid}/stat`, "utf8")
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2))
  } catch {
    return false
  }
}

/** Waits for something that another process will do; the test's own limit is the limit. */
export const eventually = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() =>
    condition()
      ? Effect.void
      : Effect.zipRight(Effect.promise(() => new Promise((resume) => setTimeout(resume, 20))), eventually(condition))
  )

/** The number that a process wrote to a file, once it is there. */
export const pidIn = (file: string): Effect.Effect<number> =>
  Effect.map(
    eventually(() => Fs.existsSync(file) && Fs.readFileSync(file, "utf8").endsWith("\n")),
    () => Number(Fs.readFileSync(file, "utf8").trim())
  )

/** The running children of a process that have this name. */
export const childrenOf = (parent: number, name: string): ReadonlyArray<number> =>
  Fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number).filter((pid) => {
    try {
      return Fs.readFileSync(`/proc/${pid}/stat`, "utf8").startsWith(`${pid} (${name}) S ${parent} `)
    } catch {
      return false
    }
  })
