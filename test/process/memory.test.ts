import { assert, describe, it } from "@effect/vitest"
import * as os from "node:os"
import { availableMemoryShare } from "../../src/process/memory.ts"

describe("availableMemoryShare", () => {
  it("lies between none and all, and is no less than what is entirely free", () => {
    const share = availableMemoryShare()
    assert.isAbove(share, 0)
    assert.isAtMost(share, 1)
    assert.isAbove(share, os.freemem() / os.totalmem() / 2)
  })
})
