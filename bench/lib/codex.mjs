// @ts-check
/** The real Codex CLI's native binary, and the model it is pointed at. */
import { spawn } from "node:child_process"
import { readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))
export const runner = join(root, "dist/bin/codex-runner.mjs")

/** A Codex that is a script: what is asked before a task it answers, then it does this in the task's worktree. @param {string} work */
export const standInCodex = (work) =>
  `#!/bin/sh
case "$1 $2" in
  "--version "*) echo "codex-cli 0.169.0"; exit ;;
  "features list") echo "plugins  stable  true"; exit ;;
  "login status") exit 0 ;;
esac
while [ "$1" != -C ]; do shift; done
cd "$2" || exit 1
${work}`

/** As npm installed it for this system. */
export const codexBinary = () => {
  const require = createRequire(createRequire(join(root, "package.json")).resolve("@openai/codex/package.json"))
  const vendor = join(
    dirname(require.resolve(`@openai/codex-${process.platform}-${process.arch}/package.json`)),
    "vendor"
  )
  const [triple = ""] = readdirSync(vendor)
  return join(vendor, triple, "bin", "codex")
}

/**
 * Starts the scripted model as a process of its own, which burdens both sides of a comparison alike.
 * @template A
 * @param {(provider: ReadonlyArray<string>) => Promise<A>} use given `key=value` pairs for Codex's `-c`
 * @returns {Promise<A>}
 */
export const withModel = async (use) => {
  const server = spawn(process.execPath, [fileURLToPath(new URL("model.mjs", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  try {
    /** @type {ReadonlyArray<string>} */
    const provider = await new Promise((resolve, reject) => {
      server.once("error", reject)
      server.once("exit", (code) => reject(new Error(`the scripted model ended with ${code}`)))
      server.stdout.once("data", (line) => resolve(JSON.parse(String(line))))
    })
    return await use(provider)
  } finally {
    // Its standard input is its life line.
    server.stdin.end()
  }
}
