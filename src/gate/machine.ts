/** What of a machine Codex's sandbox hangs on: where it is another than it was, a proof is no more. */
import { readdirSync, readFileSync } from "node:fs"
import * as os from "node:os"

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

const folderOf = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

/** Who may make namespaces, and mount in them. */
const switches = [
  "/proc/sys/kernel/unprivileged_userns_clone",
  "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
  "/proc/sys/kernel/apparmor_restrict_unprivileged_unconfined",
  "/proc/sys/kernel/yama/ptrace_scope",
  "/proc/sys/user/max_user_namespaces",
  "/proc/self/attr/current",
  "/sys/kernel/security/lsm"
]

/** The kernel, the user with what this process itself may do (a container takes much of it away), and the shell. */
export const machineTraits = (shell: string | undefined): string => {
  const status = textOf("/proc/self/status").split("\n").filter((line) => /^(Cap|NoNewPrivs|Seccomp:)/.test(line))
  return [
    `${os.platform()} ${os.release()} ${os.version()}`,
    `${process.getuid?.() ?? 0} ${shell ?? ""}`,
    ...status,
    ...switches.map((file) => `${file} ${textOf(file).trim()}`),
    // Allows a bubblewrap what it forbids other programs.
    ...folderOf("/etc/apparmor.d").filter((name) => /bwrap|bubblewrap|codex/.test(name))
  ].join("\n")
}
