/** What has no owner file tells by its name whose it is: the name begins with its process's mark. */
import { statSync } from "node:fs"
import { isAlivePid, pidNamespace, startTime } from "./owner.ts"

const namespaceNumber = (): string => /\d+/.exec(pidNamespace() ?? "")?.[0] ?? "0"

/** Of this process: no other ever had or gets it, whatever becomes of its pid. */
export const ownMark = (): string => `${process.pid}.${startTime(process.pid) ?? "0"}.${namespaceNumber()}`

/** What a process in another PID namespace made may be at work for so many milliseconds. */
const foreignPatience = 60 * 60 * 1000

/** Whether whoever made this is no more. `name` begins with its mark, or with a pid alone. */
export const isLeftBehind = (path: string, name: string): boolean => {
  const [, pid, start, namespace] = /^(\d+)(?:\.(\w+)\.(\d+))?(?!\d)/.exec(name) ?? []
  if (pid === undefined) return false
  if (namespace !== undefined && namespace !== namespaceNumber()) {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats !== undefined && Date.now() - stats.mtimeMs > foreignPatience
  }
  return !isAlivePid(Number(pid)) || (start !== undefined && start !== (startTime(Number(pid)) ?? start))
}
