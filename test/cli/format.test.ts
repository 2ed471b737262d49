import { assert, describe, it } from "@effect/vitest"
import { clock, compact } from "../../src/cli/format.ts"

describe("numbers for people", () => {
  it("times as a clock shows them", () =>
    assert.deepStrictEqual(
      [-5, 999, 7_000, 59_999, 60_000, 754_000, 3_723_000, 86_400_000].map(clock),
      ["0:00", "0:00", "0:07", "0:59", "1:00", "12:34", "1:02:03", "24:00:00"]
    ))

  it("large numbers in at most four characters", () =>
    assert.deepStrictEqual(
      [0, 7, 999, 1000, 1049, 9949, 9951, 33_400, 999_499, 999_500, 1_500_000, 33_400_000].map(compact),
      ["0", "7", "999", "1.0k", "1.0k", "9.9k", "10k", "33k", "999k", "1.0M", "1.5M", "33M"]
    ))
})
