/** How much memory the machine has to spare. */
import { readFileSync } from "node:fs"
import * as os from "node:os"

/** Between 0 and 1. On Linux what the kernel can hand out without swapping, elsewhere what is free. */
export const availableMemoryShare = (): number => {
  try {
    const info = readFileSync("/proc/meminfo", "utf8")
    const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(info)?.[1])
    const share = of("MemAvailable") / of("MemTotal")
    if (Number.isFinite(share)) return share
  } catch {
    // No /proc here.
  }
  return os.freemem() / os.totalmem()
}
