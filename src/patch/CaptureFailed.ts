/** Why a task's work could not be captured. */
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { isGitsDiskTrouble } from "../domain/diskTrouble.ts"
import type { Worktree } from "../worktree/Worktrees.ts"

/** The changes could not be captured; the worktree stays. */
export class CaptureFailed extends Schema.TaggedError<CaptureFailed>()("CaptureFailed", {
  worktree: Schema.String,
  reason: Schema.String,
  /** `worktree`: it is gone, and so is the work. */
  kind: Schema.Literal("patch", "worktree", "disk").pipe(
    Schema.propertySignature,
    Schema.withConstructorDefault(() => "patch" as const)
  )
}) {
  override get message(): string {
    return `cannot capture the changes in ${this.worktree}: ${this.reason}`
  }
}

/** What stands behind a failure, where that can be seen: git itself would say no more than that something is not there. */
export const captureFailed = ({ path, repository }: Worktree, reason: string): CaptureFailed => {
  const failed = (kind: CaptureFailed["kind"], why: string) => new CaptureFailed({ worktree: path, reason: why, kind })
  if (!existsSync(path)) return failed("worktree", "it was deleted while the task ran")
  if (!existsSync(repository.commonDir)) {
    return failed("patch", `the repository is no longer at ${repository.root}: it was moved or deleted (${reason})`)
  }
  if (!existsSync(repository.objects)) {
    return failed("patch", `the repository has lost its objects, ${repository.objects} (${reason})`)
  }
  return failed(isGitsDiskTrouble(reason) ? "disk" : "patch", reason)
}
