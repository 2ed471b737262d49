/**
 * What the other examples run on, so that they need no account and touch
 * nothing of yours: a throw-away repository, and a Codex that follows a script.
 * In a program of your own this is `CodexRunner.layer` and `RunnerConfig.layerFile`.
 */
import { Host, RunnerConfig } from "codex-mcp-runner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const makeRepository = () => {
  const home = mkdtempSync(join(tmpdir(), "codex-runner-example-"))
  const directory = join(home, "repository")
  mkdirSync(join(directory, "src"), { recursive: true })
  writeFileSync(join(directory, "src/cart.ts"), "export const total = (prices: Array<number>) => 0\n")
  const git = (...args: Array<string>) => execFileSync("git", args, { cwd: directory, stdio: "ignore" })
  git("init", "--initial-branch=main")
  git("add", "--all")
  git("-c", "user.name=Example", "-c", "user.email=example@example.invalid", "commit", "--message=A cart")
  return { home, directory }
}

/** The repository as the runner's surroundings; gone with the scope. Its state lies in a temp folder, which is fine where no Codex is at work. */
const host = Layer.scoped(
  Host,
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(makeRepository),
      ({ home }) => Effect.sync(() => rmSync(home, { recursive: true, force: true }))
    ),
    ({ directory, home }) => ({
      directory,
      env: { PATH: process.env["PATH"], HOME: home, CODEX_RUNNER_ALLOW_TEMP_STATE: "1" }
    })
  )
)

export const playground = Layer.merge(host, RunnerConfig.layerValue({ resource_policy: "normal" }))
