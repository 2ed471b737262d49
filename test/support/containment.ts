/** PID namespaces, for tests that need them, and ways to be without. */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"

const isRoot = process.getuid?.() === 0

/** Whether this machine lets this user have them. */
export const hasNamespaces = process.platform === "linux" &&
  spawnSync("unshare", [...(isRoot ? [] : ["-c"]), "--pid", "--fork", "--mount-proc", "true"]).status === 0

/** A folder for PATH with an `unshare` of its own in it: shell code. */
export const fakeUnshare = (folder: string, code: string): string => {
  Fs.mkdirSync(folder, { recursive: true })
  Fs.writeFileSync(`${folder}/unshare`, `#!/bin/sh\n${code}\n`, { mode: 0o755 })
  return folder
}

/** As on a system that forbids them. */
export const refusing = "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1"

/** Namespaces as usual, but for this: no sandbox can be made in them. */
export const withoutSandbox =
  `exec /usr/bin/unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; exec /usr/bin/unshare "$@"' sh "$@"`

/** Processes, zombies apart, that have this entry in their environment. */
export const marked = (entry: string): ReadonlyArray<number> =>
  Fs.readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && Fs.readFileSync(`/proc/${name}/environ`, "latin1").split("\0").includes(entry)
    } catch {
      return false
    }
  }).map(Number)
