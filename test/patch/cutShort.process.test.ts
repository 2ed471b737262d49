/** A capture after one that was cut short, as the next start makes it. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Git } from "../../src/git/Git.ts"
import { Patches } from "../../src/patch/Patches.ts"
import { gitRepo, writeFiles } from "../support/GitRepo.ts"
import { acquireWorktree, captureChanges, stages } from "../support/stages.ts"

describe("a capture", () => {
  it.scopedLive("judges by all ignore files, though one before it was cut short while it looked for them", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { ".gitignore": "secret\n", "src/.gitignore": "made\n" } })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(worktree.path, { "new.txt": "new\n", "secret": "secret\n", "src/made": "made\n" })
        const git = yield* Git
        const asked = yield* Deferred.make<void>()
        const stuck = Git.of({
          ...git,
          run: (call) =>
            call.args[0] === "checkout-index"
              ? Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never)
              : git.run(call)
        })
        const first = yield* Effect.fork(
          captureChanges(worktree).pipe(
            Effect.provide(
              Patches.layer.pipe(Layer.provide(Layer.mergeAll(Layer.succeed(Git, stuck), NodeContext.layer)))
            )
          )
        )
        yield* Deferred.await(asked)
        yield* Fiber.interrupt(first)
        const changes = yield* captureChanges(worktree)
        assert.deepStrictEqual(changes.files.map(({ path }) => path), ["new.txt"])
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))
})
