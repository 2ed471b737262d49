import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Fs from "node:fs"
import { compareVersions, parseFeatures } from "../../src/codex/probe.ts"

const sample = Fs.readFileSync(new URL("../fixtures/codex-features/0.169.0.txt", import.meta.url), "utf8")

describe("the list of features", () => {
  it("of a real Codex: every line is one, the stage's words are no part of it", () => {
    const { all, enabled } = parseFeatures(sample)
    assert.strictEqual(all.length, sample.trimEnd().split("\n").length)
    assert.strictEqual(enabled.length, sample.trimEnd().split("\n").filter((line) => line.endsWith(" true")).length)
    assert.includeMembers(all, [
      "hooks",
      "plugins",
      "apps",
      "agent_message_board",
      "shell_snapshot",
      "unified_exec_tty"
    ])
    assert.includeMembers(enabled, ["hooks", "plugins"])
    assert.notInclude(enabled, "agent_message_board")
    assert.isTrue(all.every((name) => /^[a-z0-9_.]+$/.test(name)))
  })

  it("what is no feature is passed over", () => {
    const output =
      "Features:\n\nhooks  stable  true\r\nplugins\tunder development\tfalse\nbroken line\n-x  stable  true\n"
    assert.deepStrictEqual(parseFeatures(output), { all: ["hooks", "plugins"], enabled: ["hooks"] })
    assert.deepStrictEqual(parseFeatures(""), { all: [], enabled: [] })
  })
})

describe("versions", () => {
  it("are compared by their numbers", () => {
    const inOrder = ["0.9.9", "0.130.0", "0.136.0", "0.136.10", "0.147.0", "1.0.0", "10.0.0"]
    inOrder.forEach((left, i) =>
      inOrder.forEach((right, j) => assert.strictEqual(Math.sign(compareVersions(left, right)), Math.sign(i - j)))
    )
    assert.strictEqual(compareVersions("0.170.0-alpha.1", "0.170.0"), 0)
    assert.strictEqual(compareVersions("2.39", "2.39.0"), 0)
  })

  it("the order is one: whatever is swapped is turned around", () => {
    const version = fc.tuple(fc.nat(200), fc.nat(200), fc.nat(200)).map((parts) => parts.join("."))
    fc.assert(fc.property(version, version, (left, right) => {
      assert.strictEqual(compareVersions(left, right) + compareVersions(right, left), 0)
    }))
  })
})
