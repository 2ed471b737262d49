import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { commandEnvironment } from "../../src/policy/environment.ts"

describe("commandEnvironment", () => {
  it("makes git read its hardening", () => {
    const host = { PATH: process.env["PATH"] }
    const env = commandEnvironment(host, {
      worktree: "/state/wt",
      home: "/state/home",
      tmpdir: "/state/tmp",
      commandEnv: {}
    })
    const config = execFileSync("git", ["config", "--list"], { env, cwd: "/", encoding: "utf8" })
    assert.deepStrictEqual(config.trim().split("\n"), [
      "safe.barerepository=explicit",
      "core.fsmonitor=false",
      "core.hookspath=/dev/null"
    ])
  })
})
