/** An apply taken back where the git folder is on another file system than the checkout. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { RunId } from "../../../src/domain/Task.ts"
import { type Checkout, goBack, journalOf, lockOf, newIndexOf } from "../../../src/run/applyHolding.ts"
import { stampOf, type Swap, swapSteps } from "../../../src/run/applySwap.ts"
import { scratchFolder } from "../../support/GitRepo.ts"

/** In memory, where this system has it. */
const shared = "/dev/shm"
const isElsewhere = (folder: string): boolean =>
  Fs.existsSync(shared) && Fs.statSync(shared).dev !== Fs.statSync(folder).dev

/** A folder on another file system than the scratch folder's, removed with the scope. */
const elsewhere = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(`${shared}/codex-runner-`)),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true }))
)

describe("an apply that is taken back, with git's folder on another file system", () => {
  it.scoped("keeps what could not be put back, and gives git its lock", (context) =>
    Effect.gen(function*() {
      const root = yield* scratchFolder
      if (!isElsewhere(root)) return context.skip()
      const gitDir = yield* elsewhere
      const repository = {
        root,
        commonDir: gitDir,
        objects: `${gitDir}/objects`,
        objectFormat: "sha1",
        target: { _tag: "Repository" as const, directory: root }
      }
      const checkout: Checkout = { repository, index: `${gitDir}/index`, holding: `${gitDir}/codex-runner-apply` }
      const area = `${root}/.codex-runner-apply`
      for (const folder of [checkout.holding, `${area}/new`, `${area}/old`]) Fs.mkdirSync(folder, { recursive: true })
      Fs.writeFileSync(`${root}/a.txt`, "before\n")
      Fs.writeFileSync(`${area}/new/a.txt`, "after\n")
      Fs.writeFileSync(newIndexOf(checkout), "index")
      Fs.linkSync(newIndexOf(checkout), lockOf(checkout))
      const swap: Swap = {
        root,
        area,
        files: [{ path: "a.txt", old: stampOf(`${root}/a.txt`), new: stampOf(`${area}/new/a.txt`) }]
      }
      const journal = { run_id: RunId.make("r"), tasks: [], swap, index: [] }
      Fs.writeFileSync(journalOf(checkout), JSON.stringify(journal))
      for (const _ of swapSteps(swap));
      Fs.writeFileSync(`${root}/a.txt`, "mine\n")

      const kept = yield* goBack(checkout, journal)
      assert.strictEqual(Fs.readFileSync(`${root}/a.txt`, "utf8"), "mine\n")
      assert.strictEqual(Fs.readFileSync(`${kept}/0`, "utf8"), "before\n")
      assert.isFalse(Fs.existsSync(lockOf(checkout)))
      assert.isFalse(Fs.existsSync(journalOf(checkout)))
    }))
})
