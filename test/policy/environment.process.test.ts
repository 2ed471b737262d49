import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import { commandEnvironment } from "../../src/policy/environment.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

describe("commandEnvironment", () => {
  it("makes git read its hardening", () => {
    const host = { PATH: process.env["PATH"] }
    const env = commandEnvironment(host, {
      worktree: "/state/wt",
      home: "/state/home",
      sandboxTmpdir: "/state/scratch",
      commandEnv: {}
    })
    const config = execFileSync("git", ["config", "--list"], { env, cwd: "/", encoding: "utf8" })
    assert.deepStrictEqual(config.trim().split("\n"), [
      "safe.barerepository=explicit",
      "core.fsmonitor=false",
      "core.hookspath=/dev/null"
    ])
  })

  const shells = ["sh", "bash", "dash", "zsh", "ksh"].filter((shell) => spawnSync(shell, ["-c", ":"]).status === 0)
  for (const shell of shells) {
    it.scoped(`makes ${shell} run nothing that the model left in its home`, () =>
      Effect.gen(function*() {
        const home = yield* scratchFolder
        const names = [".profile", ".bash_profile", ".bashrc", ".zshenv", ".zprofile", ".zshrc", ".kshrc"]
        writeFiles(home, Object.fromEntries(names.map((name) => [name, `echo ${name}\n`])))
        const env = commandEnvironment({ PATH: process.env["PATH"] }, {
          worktree: "/state/wt",
          home,
          sandboxTmpdir: "/state/scratch",
          commandEnv: {}
        })
        // Its standard input is a socket, as Codex's commands have one.
        const { stdout } = spawnSync(shell, ["-c", "echo ran"], { env, input: "", encoding: "utf8" })
        assert.strictEqual(stdout, "ran\n")
      }))
  }
})
