import { assert, describe, it } from "@effect/vitest"
import { askingOfDisk, isDiskTrouble, isGitsDiskTrouble } from "../../src/domain/diskTrouble.ts"

describe("a message that tells of a disk that is full or can't be written", () => {
  it.each([
    "Unknown: FileSystem.writeAll (19): ENOSPC: no space left on device, write",
    "EDQUOT: disk quota exceeded, write",
    "EROFS: read-only file system, open 'x'"
  ])("%s", (message) => assert.isTrue(isDiskTrouble(message)))

  it.each([
    // What git says on a disk that fills up under it: seen with 2.39, the new index file in its source.
    "fatal: could not write to '../m/wt/.git': No space left on device",
    "error: unable to write file src/1",
    "fatal: sha1 file '/state/git/r/index.base.lock' write error. Out of diskspace",
    "fatal: unable to write new index file",
    "fatal: unable to write loose object file: No space left on device",
    "fatal: cannot update ref 'refs/x/y': couldn't write '/repo/.git/refs/x/y.lock'",
    "fatal: unknown write failure on standard output"
  ])("of git's: %s", (message) => assert.isTrue(isGitsDiskTrouble(message)))

  it.each([
    "fatal: invalid reference: main",
    "fatal: '/state/worktrees/r' already exists",
    "error: unable to unlink old 'src/a': Permission denied",
    "error: unable to write file /repo/.git/objects/ab/cd: Permission denied",
    "the command wrote nothing"
  ])("not: %s", (message) => assert.isFalse(isGitsDiskTrouble(message)))

  it("asks where to look, once", () => {
    const asked = askingOfDisk("error: unable to write file src/1")
    assert.strictEqual(asked, "error: unable to write file src/1. Is the disk full or read-only?")
    assert.strictEqual(askingOfDisk(asked), asked)
  })
})
