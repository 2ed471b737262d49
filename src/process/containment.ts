/**
 * Processes that can't outlive the runner. On Linux a program can be started in
 * a PID namespace of its own: when the program ends, or the runner dies however
 * it may, the kernel ends everything in it, whatever it forked and whatever
 * signals it ignores. Elsewhere there is the process group.
 */
import { readFileSync } from "node:fs"
import { constants } from "node:os"

/** How all that a program starts is held together. */
export type Containment =
  /** `unshare` with its path and flags, and where its helpers are. */
  | {
    readonly _tag: "Namespace"
    readonly setpriv: string
    readonly sh: string
    readonly unshare: ReadonlyArray<string>
  }
  /** No more than a process group, and why. */
  | { readonly _tag: "Group"; readonly reason: string }

/** Where the runner died before `setpriv` had told the kernel to end us with it, nothing ever would: then nothing starts. */
const startUnlessOrphaned = `[ "$PPID" = "$0" ] || exit 1; exec "$@"`

/**
 * The first process of the namespace: it waits for orphans, of which Codex
 * leaves two for each call of a hook, and ends with the program. The shell's own
 * words on how the program ended are thrown away: they are not the program's.
 */
const reaper = `exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?`

/** The command that starts this one, held together like this. */
export const contained = (
  containment: Containment | undefined,
  [program, args]: readonly [program: string, args: ReadonlyArray<string>]
): readonly [program: string, args: ReadonlyArray<string>] => {
  if (containment?._tag !== "Namespace") return [program, args]
  const { setpriv, sh, unshare } = containment
  const guard = [sh, "-c", startUnlessOrphaned, String(process.pid)]
  const namespace = [...unshare, "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--propagation", "slave"]
  return [
    setpriv,
    ["--pdeathsig", "KILL", ...guard, ...namespace, sh, "-c", reaper, "reaper", program, ...args]
  ]
}

/** A started process with all that it started. */
export interface Tree {
  /** Of the outermost process, which leads a group. */
  readonly pid: number
  readonly isContained: boolean
}

/**
 * Signals the group, or in a namespace the program, which a signal from outside
 * would not reach. SIGKILL ends all of it; a namespace has ended before its
 * outermost process does.
 */
export const signalTree = ({ isContained, pid }: Tree, signal: NodeJS.Signals): void => {
  const first = isContained ? firstChild(pid) : undefined
  if (first === undefined) return send(-pid, isContained ? "SIGKILL" : signal)
  const program = signal === "SIGKILL" ? first : firstChild(first)
  // It has not begun, or ended just now.
  send(program ?? first, program === undefined ? "SIGKILL" : signal)
}

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // Nobody is left.
  }
}

/** Where the kernel lists the children of a process, the eldest first. */
export const childrenFile = (pid: number): string => `/proc/${pid}/task/${pid}/children`

const firstChild = (pid: number): number | undefined => {
  try {
    const [child] = /^\d+/.exec(readFileSync(childrenFile(pid), "latin1")) ?? []
    return child === undefined ? undefined : Number(child)
  } catch {
    return undefined
  }
}

interface End {
  readonly code: number | null
  readonly signal: string | null
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

/** The program's own end: of a death by signal the namespace tells as a shell does. */
export const ownEnd = ({ isContained }: Tree, end: End): End => {
  const signal = isContained && end.code !== null ? signalNames.get(end.code - 128) : undefined
  return signal === undefined ? end : { code: null, signal }
}
