import { assert, describe, it } from "@effect/vitest"
import { parsePolicy } from "../../src/gate/policyFile.ts"
import { policyFor } from "./support.ts"

const whole = policyFor("/wt")

describe("a policy file", () => {
  it("comes back as it was written", () => {
    assert.deepStrictEqual(parsePolicy(JSON.stringify(whole)), whole)
  })

  it("may hold more than is read", () => {
    assert.deepStrictEqual(parsePolicy(JSON.stringify({ ...whole, later: true })), whole)
  })

  for (const name of Object.keys(whole)) {
    it(`without ${name} is none`, () => {
      const rest = Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name))
      assert.throws(() => parsePolicy(JSON.stringify(rest)), `policy without ${name}`)
    })

    it(`with null for ${name} is none`, () => {
      assert.throws(() => parsePolicy(JSON.stringify({ ...whole, [name]: null })), `policy without ${name}`)
    })
  }

  it("with a list that holds something else than texts is none", () => {
    assert.throws(() => parsePolicy(JSON.stringify({ ...whole, allowedPaths: ["src/**", 1] })), "policy without")
    assert.throws(() => parsePolicy(JSON.stringify({ ...whole, allowedCommands: "npm test" })), "policy without")
  })

  for (const text of ["", "null", "7", "\"text\"", "{", JSON.stringify(whole).slice(0, -2)]) {
    it(`${JSON.stringify(text.slice(-12))} is none`, () => {
      assert.throws(() => parsePolicy(text))
    })
  }
})
