import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { makeFolder } from "../../src/store/makeFolder.ts"
import { scratchFolder } from "../support/GitRepo.ts"

describe("makeFolder", () => {
  it.scoped("makes a folder and those above it, for this user alone; one that is there stays as it is", () =>
    Effect.map(scratchFolder, (folder) => {
      makeFolder(`${folder}/a/b/c`)
      for (const name of ["a", "a/b", "a/b/c"]) {
        assert.strictEqual(Fs.statSync(`${folder}/${name}`).mode & 0o777, 0o700, name)
      }
      Fs.chmodSync(`${folder}/a/b`, 0o755)
      makeFolder(`${folder}/a/b`)
      assert.strictEqual(Fs.statSync(`${folder}/a/b`).mode & 0o777, 0o755)
    }))

  it.scoped("says why it can't", () =>
    Effect.map(scratchFolder, (folder) => {
      Fs.writeFileSync(`${folder}/file`, "")
      assert.throws(() => makeFolder(`${folder}/file/a/b`), /ENOTDIR/)
    }))

  it.skipIf(process.platform !== "linux")(
    "comes to an end where a file system says ENOENT to what it will not make",
    () => assert.throws(() => makeFolder("/proc/codex-runner/state"), /ENOENT/)
  )
})
