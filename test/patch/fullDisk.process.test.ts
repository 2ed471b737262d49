/** A capture whose patch finds no room. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { gitRepo, writeFiles } from "../support/GitRepo.ts"
import { acquireWorktree, captureChanges, stages, testRef } from "../support/stages.ts"

/** Takes no byte, like a disk that is full. */
const full = "/dev/full"

describe.skipIf(!existsSync(full))("a patch that finds no room on the disk", () => {
  it.scopedLive.each([["short", 1], ["longer than what git holds back", 100_000]] as const)(
    "%s: the capture fails with `disk`, and the work is under its ref",
    ([, lines]) =>
      Effect.gen(function*() {
        const repo = yield* gitRepo()
        yield* Effect.gen(function*() {
          const worktree = yield* acquireWorktree(repo)
          writeFiles(worktree.path, { "new.txt": "new\n".repeat(lines) })
          const failure = yield* Effect.flip(captureChanges(worktree, { patchPath: full }))
          assert.strictEqual(failure.kind, "disk", failure.message)
          assert.match(repo.git("show", `${testRef}:new.txt`), /^new/)
        }).pipe(Effect.scoped, Effect.provide(stages(repo)))
      })
  )
})
