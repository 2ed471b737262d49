import { assert, describe, it } from "@effect/vitest"
import { dirname } from "node:path"
import { pagerFor } from "../../src/cli/pager.ts"

describe("the pager", () => {
  it("is what git would take: GIT_PAGER, core.pager, PAGER, less", () => {
    const all = { GIT_PAGER: "a -x", PAGER: "c" }
    assert.strictEqual(pagerFor(all, "b"), "a -x")
    assert.strictEqual(pagerFor({ PAGER: "c" }, "b"), "b")
    assert.strictEqual(pagerFor({ PAGER: "c" }, undefined), "c")
    assert.strictEqual(pagerFor({ PATH: "/nowhere" }, undefined), undefined)
  })

  it("is none where it is said so, or where the terminal can't", () => {
    for (const none of ["", "cat"]) assert.isUndefined(pagerFor({ GIT_PAGER: none, PAGER: "c" }, "b"))
    assert.isUndefined(pagerFor({ PAGER: "c", TERM: "dumb" }, "b"))
    assert.isUndefined(
      pagerFor({ PATH: dirname(process.execPath) === "/usr/bin" ? "" : dirname(process.execPath) }, undefined)
    )
  })
})
