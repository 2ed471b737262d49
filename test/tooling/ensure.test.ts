import { assert, describe, it } from "@effect/vitest"
import { isSupported, matches } from "../../scripts/ensure.mjs"

describe("matches", () => {
  const wanted = {
    "": {},
    "node_modules/a": { version: "1.0.0" },
    "node_modules/a-win32": { version: "1.0.0", optional: true }
  }

  it("what is installed is what is wanted, but for optional packages of other systems", () =>
    assert.isTrue(matches(wanted, { "node_modules/a": { version: "1.0.0" } })))

  it("a missing, another or one more package is not", () => {
    assert.isFalse(matches(wanted, {}))
    assert.isFalse(matches(wanted, { "node_modules/a": { version: "1.0.1" } }))
    assert.isFalse(matches(wanted, { "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0" } }))
  })
})

describe("isSupported", () => {
  it("begins with Node 20.19", () => {
    for (const version of ["18.20.0", "20.18.9"]) assert.isFalse(isSupported(version))
    for (const version of ["20.19.0", "22.0.0", "24.1.0"]) assert.isTrue(isSupported(version))
  })
})
