/** Whether a patch applies, tried on indexes of our own: the user's checkout and index are never touched. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { Git } from "../git/Git.ts"
import { resolveCommit } from "../git/Repository.ts"
import { copyIndex } from "../process/copyFile.ts"
import type { Worktree } from "../worktree/Worktrees.ts"

/** Where a patch applies, and what git said of it. */
export interface ApplyCheck {
  readonly onBase: boolean
  /** On the checkout's HEAD as it is now. */
  readonly onHead: boolean
  readonly log: string
}

/** Tries the patch on the base commit and, where it has moved, on the checkout's HEAD. */
export const checkApplies = Effect.fn("Patches.checkApplies")(function*(worktree: Worktree, patchPath: string) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  const index = `${worktree.git.directory}/index.check`
  const target = worktree.git.over(index)
  const attempt = git.run({
    target,
    args: ["apply", "--cached", "--check", "--binary", "--whitespace=nowarn", patchPath],
    accept: [0, 1, 128],
    timeout: "2 minutes"
  })

  yield* copyIndex(worktree.git.baseIndex, index)
  const onBase = yield* attempt
  const base = worktree.base.commit
  const baseLog = report(onBase, `the base commit ${base.slice(0, 12)}`)
  const head = yield* resolveCommit(worktree.repository, "HEAD")
  const clean = onBase.code === 0
  if (head === undefined || head === base) return { onBase: clean, onHead: clean, log: baseLog } satisfies ApplyCheck

  yield* fs.remove(index, { force: true })
  yield* git.run({ target, args: ["read-tree", head], timeout: "2 minutes" })
  const onHead = yield* attempt
  return {
    onBase: clean,
    onHead: onHead.code === 0,
    log: `${baseLog}\n${report(onHead, `the checkout's HEAD ${head.slice(0, 12)}`)}`
  } satisfies ApplyCheck
})

const report = (answer: { readonly code: number; readonly stderr: string }, where: string): string =>
  answer.code === 0 ? `applies to ${where}` : `does not apply to ${where}:\n${answer.stderr.trim().slice(0, 4000)}`
