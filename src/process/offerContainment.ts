/** Whether this kernel lets this user have PID namespaces, tried out. It says nothing of what Codex makes of one. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { existsSync } from "node:fs"
import { childrenFile, type Containment } from "./containment.ts"
import { findProgram } from "./findProgram.ts"
import { Processes } from "./Processes.ts"

const groupOnly = (reason: string): Containment => ({ _tag: "Group", reason })

/** Root needs no user namespace, in which it would have no rights over other users' files; anybody else does. */
const flags: ReadonlyArray<ReadonlyArray<string>> = process.getuid?.() === 0 ? [[], ["-c"]] : [["-c"]]

/** A few milliseconds, so it is asked at each start: the setting that forbids it can change at any time. */
export const offerContainment = Effect.fn("Processes.offerContainment")(
  function*(searchPath: string | undefined, platform: NodeJS.Platform = process.platform) {
    if (platform !== "linux") return groupOnly("this system has no PID namespaces")
    const find = (name: string) => findProgram(name, `${searchPath ?? ""}:/usr/bin:/bin`)
    const [setpriv, sh, unshare] = [find("setpriv"), find("sh"), find("unshare")]
    if (setpriv === undefined || unshare === undefined || sh === undefined) {
      return groupOnly("setpriv and unshare (of util-linux) are not installed")
    }
    if (!existsSync(childrenFile(process.pid))) return groupOnly("this kernel doesn't list a process's children")
    const offers = flags.map((more): Containment => ({ _tag: "Namespace", setpriv, sh, unshare: [unshare, ...more] }))
    const refusals: Array<string> = []
    for (const offer of offers) {
      const refusal = yield* refusalOf(offer, sh)
      if (refusal === undefined) return offer
      refusals.push(refusal)
    }
    return groupOnly(`the system refuses PID namespaces (${refusals.at(-1)})`)
  }
)

const refusalOf = Effect.fnUntraced(function*(containment: Containment, sh: string) {
  const processes = yield* Processes
  const end = yield* Effect.either(processes.run({
    command: sh,
    // In a namespace of its own, where the reaper is the first process.
    args: ["-c", "[ $PPID -eq 1 ] && exit 42"],
    cwd: "/",
    env: {},
    containment,
    timeout: "5 seconds",
    maxOutputBytes: 10_000
  }))
  if (Either.isLeft(end)) return end.left.message
  const { code, stderr } = end.right
  return code === 42 ? undefined : stderr === "" ? `exit ${code}` : stderr.trim().split("\n").at(-1)
})
