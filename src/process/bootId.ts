/** Since when the machine runs, by a name of the kernel's; null where it has none. */
import { readFileSync } from "node:fs"

export const bootId = (): string | null => {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
  } catch {
    return null
  }
}
