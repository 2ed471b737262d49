/** A capture whose patch finds no room. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, readFileSync, writeSync } from "node:fs"
import { Git, GitFailed } from "../../src/git/Git.ts"
import { Patches } from "../../src/patch/Patches.ts"
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

describe("a patch of which git wrote a part, and failed", () => {
  it.scopedLive("is not left where a whole one is looked for", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "new.txt": "new\n" })
        const patchPath = `${repo.home}/patch.diff`
        const git = yield* Git
        const failing = Git.of({
          ...git,
          run: (call) =>
            call.outputFile === undefined
              ? git.run(call)
              : Effect.suspend(() => {
                writeSync(call.outputFile ?? -1, "diff --git a/new.txt b/new.txt\n")
                return new GitFailed({ command: "diff-tree", exitCode: 128, reason: "No space left on device" })
              })
        })
        const failure = yield* captureChanges(worktree, { patchPath }).pipe(
          Effect.provide(
            Patches.layer.pipe(Layer.provide(Layer.mergeAll(Layer.succeed(Git, failing), NodeContext.layer)))
          ),
          Effect.flip
        )
        assert.strictEqual(failure.kind, "disk")
        assert.strictEqual(readFileSync(patchPath, "utf8"), "")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))
})
