import { assert, describe, it } from "@effect/vitest"
import { takeLevel } from "../../src/telemetry/levels.ts"

describe("--log-level", () => {
  it("is taken out of the arguments, in both forms, wherever it stands", () => {
    for (
      const args of [
        ["--log-level", "debug", "run", "x.json"],
        ["run", "--log-level=debug", "x.json"],
        ["run", "x.json", "--log-level", "debug"]
      ]
    ) assert.deepStrictEqual(takeLevel(args), { args: ["run", "x.json"], level: "debug" })
  })

  it("leaves the others alone, and what comes after --", () => {
    for (const args of [["run", "x.json"], ["run", "--", "--log-level", "debug"], ["--log-levels"], []]) {
      assert.deepStrictEqual(takeLevel(args), { args })
    }
  })

  it("names the levels where there is none, or another", () => {
    for (const args of [["run", "--log-level"], ["run", "--log-level", "loud"], ["run", "--log-level="]]) {
      assert.strictEqual(
        takeLevel(args).fault,
        "--log-level: expected one of all, trace, debug, info, warning, error, fatal, none"
      )
    }
  })
})
