/** What is to be made of a task's end: what broke the policy, whether it is a success, what to be warned of. */
import * as Effect from "effect/Effect"
import type { Transcript } from "../audit/Transcript.ts"
import { askingOfDisk } from "../domain/diskTrouble.ts"
import type { TaskError, TaskStatus, Violation } from "../domain/Result.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import type { CaptureFailed } from "../patch/CaptureFailed.ts"
import type { Changes } from "../patch/Patches.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import type { Worktree } from "../worktree/Worktrees.ts"
import type { RunContext } from "./RunContext.ts"

/** Everything that is known of a task once it has ended. */
export interface Ended {
  readonly status: TaskStatus
  readonly error: TaskError | null
  readonly exitCode: number | null
  readonly captureFailed: CaptureFailed | null
  /** What Codex was ended for, where that was a breach of the gate. */
  readonly breach?: string
  readonly changes: Changes | null
  readonly transcript: Transcript
  readonly stderrTail: string
  readonly worktree: Worktree | null
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number
}

/** What Codex was ended for is among the breaches, unless the transcript has no place for it. */
const withBreach = (breaches: ReadonlyArray<Violation>, detail: string | undefined): ReadonlyArray<Violation> =>
  detail === undefined || breaches.some((breach) => breach.detail === detail)
    ? breaches
    : [{ kind: "enforcement_breach", detail }, ...breaches]

/** Everything that broke the policy; of what ran, the commands that nothing has judged yet are looked at here. */
export const violationsOf = Effect.fnUntraced(function*(
  context: RunContext,
  task: AdmittedTask,
  { breach, changes, worktree }: Ended,
  ran: { readonly breaches: ReadonlyArray<Violation>; readonly commands: ReadonlyArray<string> }
) {
  const breaches = withBreach(ran.breaches, breach)
  if (worktree === null) return breaches
  const policy = yield* SecurityPolicy
  return [
    ...breaches,
    ...(changes?.violations ?? []),
    ...policy.audit({
      task,
      worktree: worktree.path,
      commands: ran.commands,
      searchPath: context.ready.session.searchPath,
      files: changes?.files ?? [],
      links: changes?.links ?? new Map(),
      foldedPaths: worktree.base.foldedPaths
    })
  ]
})

/** What Codex reached, seen with what the policy and the capture say of it. The first trouble is the one told. */
export const verdict = (
  ended: Ended,
  violations: ReadonlyArray<Violation>
): { readonly status: TaskStatus; readonly error: TaskError | null } => {
  if (ended.status !== "success") return { status: ended.status, error: ended.error }
  if (ended.captureFailed !== null) {
    const { kind, message } = ended.captureFailed
    return {
      status: "failed",
      error: {
        kind,
        message: kind === "worktree"
          ? message
          : `${kind === "disk" ? askingOfDisk(message) : `${message}.`} The worktree is kept.`
      }
    }
  }
  const first = violations[0]
  if (first !== undefined) {
    const more = violations.length === 1 ? "" : ` (and ${violations.length - 1} more, see violations)`
    return { status: "failed", error: { kind: "policy", message: `${first.detail}${more}` } }
  }
  if (ended.changes !== null && !ended.changes.applies.onBase) {
    return { status: "failed", error: { kind: "patch", message: ended.changes.applies.log } }
  }
  return { status: "success", error: null }
}

/** What to know before the work is used. */
export const warningsOf = ({ captureFailed, changes, worktree }: Ended): ReadonlyArray<string> => [
  ...(captureFailed === null
    ? []
    : captureFailed.kind === "worktree"
    ? [`${captureFailed.message}. What it had changed is lost.`]
    : [`${captureFailed.message}. The worktree is kept at ${worktree?.path}.`]),
  ...(changes?.incomplete.length
    ? [`The patch is not complete (${changes.incomplete.join("; ")}). The worktree is kept at ${worktree?.path}.`]
    : []),
  ...(changes !== null && changes.applies.onBase && !changes.applies.onHead
    ? ["The patch applies to the base commit, but no longer to the checkout's HEAD (see apply_check_log)."]
    : []),
  ...(changes?.disposable.length
    ? [
      `Left out as what tools leave behind: ${changes.disposable.slice(0, 10).join(", ")}${
        changes.disposable.length > 10 ? ` and ${changes.disposable.length - 10} more` : ""
      }.`
    ]
    : [])
]
