import { assert, describe, expect, it } from "@effect/vitest"
import { helpFor, usageFault } from "../../src/cli/help.ts"
import { paletteOf } from "../../src/cli/palette.ts"
import { topics } from "../../src/cli/topics.ts"

const plain = paletteOf(process.stdout)

describe("help.json", () => {
  it("is what the commands say (to write it anew: npx vitest run test/cli/help.test.ts -u)", async () => {
    await expect(`${JSON.stringify(topics, null, 2)}\n`).toMatchFileSnapshot("../../src/cli/help.json")
  })
})

describe("help", () => {
  const names = ["", "runs", ...topics.map(({ name }) => name)]
  const lines = (name: string, columns?: number) => helpFor(name.split(" "), plain, columns).split("\n")

  it("fits a terminal of 80 columns, and one of 50 but for command lines", () => {
    for (const name of names) {
      for (const line of lines(name)) assert.isAtMost(line.length, 80, line)
      for (const line of lines(name, 50)) if (!/codex-runner|jq| > /.test(line)) assert.isAtMost(line.length, 50, line)
    }
  })

  it("lists all commands on one screen", () => {
    assert.isBelow(lines("").length, 24)
    for (const { name } of topics) assert.match(helpFor([], plain), new RegExp(`^  ${name} +\\S.*\\.$`, "m"))
  })

  it("has an example of each command", () => {
    for (const { examples, name } of topics) assert.isAbove(examples.length, 0, name)
  })

  it("is there for help, too, and for the first word of a pair", () => {
    assert.strictEqual(helpFor(["help"], plain), helpFor([], plain))
    assert.strictEqual(helpFor(["help", "runs", "show"], plain), helpFor(["runs", "show", "--help"], plain))
    const group = helpFor(["runs"], plain)
    assert.include(group, "runs verify")
    assert.notInclude(group, "doctor")
  })
})

describe("a mistake in the arguments", () => {
  for (
    const [args, says] of [
      ["rnu tasks.json", "Unknown command \"rnu\". Did you mean run? See: codex-runner --help"],
      ["runs shwo last", "Unknown command \"runs shwo\". Did you mean runs show? See: codex-runner runs --help"],
      ["runs --json", "codex-runner runs needs one more word: list, show, logs, diff, verify, clean."],
      ["--frobnicate", "Unknown option \"--frobnicate\". See: codex-runner --help"],
      [
        "run x.json --jsno",
        "Unknown option --jsno of codex-runner run. Did you mean --json? See: codex-runner run --help"
      ],
      ["run x.json -- --jsno", undefined],
      ["run x.json --json", undefined],
      ["--wizard", undefined]
    ] as const
  ) {
    it(`is told: ${args}`, () => {
      assert.strictEqual(usageFault(args.split(" ")), says)
    })
  }
})
