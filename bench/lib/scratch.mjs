// @ts-check
/** A folder for one bench, outside the temp folders (Codex's sandbox lets every command write there), gone at the end. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"

/**
 * @template A
 * @param {(folder: string) => Promise<A>} use
 * @returns {Promise<A>}
 */
export const withScratch = async (use) => {
  const parent = join(homedir(), ".cache", "codex-runner-bench")
  mkdirSync(parent, { recursive: true })
  const folder = realpathSync(mkdtempSync(`${parent}/`))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  const interrupted = () => {
    remove()
    process.exit(130)
  }
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted)
  try {
    return await use(folder)
  } finally {
    remove()
  }
}

/** An environment with nothing of the user's but PATH. @param {string} home */
export const cleanEnv = (home) => {
  mkdirSync(home, { recursive: true })
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    XDG_STATE_HOME: join(home, "state"),
    LC_ALL: "C.UTF-8",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    // A proxy that is set somewhere would be asked for loopback too.
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost"
  }
}

/** @param {string} cwd @param {ReadonlyArray<string>} args */
export const git = (cwd, ...args) => {
  const identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false"]
  const end = spawnSync("git", [...identity, ...args], { cwd, encoding: "utf8" })
  if (end.status !== 0) throw new Error(`git ${args.join(" ")}: ${end.stderr}`)
  return end.stdout.trimEnd()
}
