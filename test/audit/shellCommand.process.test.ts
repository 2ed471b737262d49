import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { unwrapShell } from "../../src/audit/shellCommand.ts"

describe("unwrapShell", () => {
  it("reads words as the shell of this machine does", () => {
    const character = fc.constantFrom("'", "\"", "\\", "\n", "a", "é", "-", "=", "!", " ")
    const words = fc.sample(fc.array(character, { minLength: 1 }).map((chars) => chars.join("")), 2_000)
      .filter((word) => unwrapShell(`sh -c ${word}`) !== `sh -c ${word}`)
    assert.isAbove(words.length, 100)
    const shell = spawnSync("/bin/sh", ["-c", words.map((word) => `printf '%s\\0' ${word}`).join("\n")], {
      encoding: "utf8"
    })
    assert.deepStrictEqual(shell.stdout.split("\0").slice(0, -1), words.map((word) => unwrapShell(`sh -c ${word}`)))
  })
})
