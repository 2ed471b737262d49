// @ts-check
/** A run whose Codex is a shell script, with its memory watched. No gate: there is no Codex to prove it on. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { runner } from "./codex.mjs"
import { watched } from "./measure.mjs"
import { makeRepository } from "./repository.mjs"
import { cleanEnv } from "./scratch.mjs"

/** As one word of the shell. @param {object} event */
export const word = (event) => `'${JSON.stringify(event).replaceAll("'", "'\\''")}'`

/** @param {ReadonlyArray<object>} events */
const say = (...events) => events.map((event) => `printf '%s\\n' ${word(event)}`).join("\n")

const begin = say({ type: "thread.started", thread_id: "bench" }, { type: "turn.started" })
const end = say(
  { type: "item.completed", item: { id: "item_9", type: "agent_message", text: "done" } },
  { type: "turn.completed", usage: { input_tokens: 1, cached_input_tokens: 0, output_tokens: 1 } }
)

/** @param {string} file @param {string} body what it does in its worktree when it is given a task */
const writeCodex = (file, body) =>
  writeFileSync(
    file,
    `#!/bin/sh
case "$1 $2" in
  "--version "*) echo "codex-cli 0.169.0" ;;
  "features list") echo "plugins  stable  true" ;;
  "login status") exit 0 ;;
  *)
${begin}
${body}
${end}
  ;;
esac
`,
    { mode: 0o755 }
  )

/**
 * Runs so many tasks with this Codex, 4 at a time. What the program printed is in `output.json`, its complaints in
 * `output.log` of the folder.
 * @param {string} folder empty
 * @param {string} body
 * @param {number} count of tasks
 */
export const scriptedRun = async (folder, body, count) => {
  const env = cleanEnv(join(folder, "home"))
  const at = (/** @type {string} */ name) => join(folder, name)
  const repository = makeRepository(at("repository"), 20)
  writeCodex(at("codex"), body)
  writeFileSync(
    at("config.json"),
    JSON.stringify({
      codex_command: at("codex"),
      enforcement: "audit",
      resource_policy: "normal",
      max_tasks_per_run: 1000,
      limits: { tasks: 1000 },
      default_allowed_paths: ["src/**"],
      default_timeout_sec: 1800
    })
  )
  const list = Array.from({ length: count }, (_, n) => ({ task_id: `task-${n}`, prompt: `Do the ${n}th thing` }))
  writeFileSync(at("tasks.json"), JSON.stringify({ concurrency: 4, tasks: list }))
  const args = [
    "run",
    at("tasks.json"),
    "--repo",
    repository,
    "--config",
    at("config.json"),
    "--trust-config",
    "--json"
  ]
  return watched([process.execPath, runner, ...args], {
    cwd: folder,
    env,
    output: at("output.json"),
    complaints: at("output.log")
  })
}

/** What a run that was to end well said where it didn't. @param {string} folder */
export const complaintsOf = (folder) => readFileSync(join(folder, "output.log"), "utf8").slice(-3000)
