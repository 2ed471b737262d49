// @ts-check
/** The runner against a shell script that does the same by hand, in turn on the same machine. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { codexBinary, root, runner, withModel } from "./lib/codex.mjs"
import { timed } from "./lib/measure.mjs"
import { makeRepository } from "./lib/repository.mjs"
import { cleanEnv, withScratch } from "./lib/scratch.mjs"
import { median, report, spread, table } from "./lib/stats.mjs"

const usage = `Usage: npm run bench -- overhead [--files 20,1000] [--tasks 16] [--concurrency 4] [--rounds 7] [--quick] [--json]

The wall time of \`codex-runner run\` over that of a shell script: git worktree add, codex exec, git add, git diff,
git worktree remove, by xargs -P. Each task is one command, one patch and one closing message of a scripted model.
  plain   the script takes Codex as it comes
  tuned   the script passes every flag that the runner passes
--quick: one round of two tasks, a check that everything works rather than a measurement.`

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "20,1000" },
    tasks: { type: "string", default: "16" },
    concurrency: { type: "string", default: "4" },
    rounds: { type: "string", default: "7" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
const sizes = values.quick ? [20] : values.files.split(",").map(Number)
const tasks = values.quick ? 2 : Number(values.tasks)
const rounds = values.quick ? 1 : Number(values.rounds)
const concurrency = Number(values.concurrency)

const names = Array.from({ length: tasks }, (_, n) => `note-${n}`)
const prompts = names.map((name) => `Write three lines to src/${name}.txt`)

/** @typedef {{ name: string, run: (round: number) => Promise<{ wall: number, cpu: number }> }} Arm one way of doing the work */

/** The very flags that the runner passes, by the runner's own code. @param {ReadonlyArray<string>} provider @param {string} folder */
const tunedArguments = async (provider, folder) => {
  /** @type {typeof import("../src/codex/invocation.ts")} */
  const { commandLine } = await import(pathToFileURL(join(root, "dist/codex/invocation.js")).href)
  /** @type {typeof import("../src/codex/probe.ts")} */
  const { parseFeatures, supportedVersions } = await import(pathToFileURL(join(root, "dist/codex/probe.js")).href)
  const { execFileSync } = await import("node:child_process")
  const features = parseFeatures(execFileSync(codexBinary(), ["features", "list"], { encoding: "utf8", env: cleanEnv(folder) }))
  const { args } = commandLine({
    traits: { version: supportedVersions.newestTried, features: features.all, enabled: features.enabled },
    prompt: "",
    worktree: "",
    checkout: "",
    sandbox: "workspace-write",
    network: false,
    writableRoots: [],
    commandEnvironment: cleanEnv(folder),
    developerInstructions: "Change only files that match src/**.",
    model: undefined,
    ephemeral: true,
    inheritUserConfig: false,
    usersCodexHome: false,
    codexConfig: provider
  })
  // What the script itself says goes: `exec --json`, the folder, the sandbox, and the prompt at the end.
  const dropped = new Set(["-C", "-s"])
  return args.slice(2, -2).filter((arg, at, all) => !dropped.has(arg) && !dropped.has(all[at - 1] ?? ""))
}
