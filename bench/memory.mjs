// @ts-check
/** What the runner itself holds in memory: with many tasks waiting, and with a Codex that never stops talking. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { runner } from "./lib/codex.mjs"
import { watched } from "./lib/measure.mjs"
import { makeRepository } from "./lib/repository.mjs"
import { cleanEnv, withScratch } from "./lib/scratch.mjs"
import { median, report, table } from "./lib/stats.mjs"

const usage = `Usage: npm run bench -- memory [--tasks 1000] [--megabytes 200] [--quick] [--json]

The highest resident size of \`codex-runner run\`, as the kernel saw it, with a Codex that is a script:
  queued   so many tasks, 4 at a time, each with a short answer
  events   one task whose Codex prints so many megabytes of events
  line     one task whose Codex prints so many megabytes as one line
--quick: 8 tasks, 2 megabytes.`

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "1000" },
    megabytes: { type: "string", default: "200" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
const tasks = values.quick ? 8 : Number(values.tasks)
const megabytes = values.quick ? 2 : Number(values.megabytes)
/** 150 MB, as the kernel counts. */
const targetMb = 143

/** As one word of the shell. @param {object} event */
const word = (event) => `'${JSON.stringify(event).replaceAll("'", "'\\''")}'`

/** @param {ReadonlyArray<object>} events */
const say = (...events) => events.map((event) => `printf '%s\\n' ${word(event)}`).join("\n")

const begin = say({ type: "thread.started", thread_id: "bench" }, { type: "turn.started" })
const end = say(
  { type: "item.completed", item: { id: "item_9", type: "agent_message", text: "done" } },
  { type: "turn.completed", usage: { input_tokens: 1, cached_input_tokens: 0, output_tokens: 1 } }
)

/** A command's whole output comes in one event: here 4 KiB of it. */
const command = word({
  type: "item.completed",
  item: {
    id: "item_1",
    type: "command_execution",
    command: "/bin/bash -lc 'npm test'",
    aggregated_output: "o".repeat(4096),
    exit_code: 0,
    status: "completed"
  }
})

const bodies = {
  queued: "",
  events: `yes ${command} | head -c ${megabytes}000000\necho`,
  line: `head -c ${megabytes}000000 /dev/zero | tr '\\0' x\necho`
}

/** @param {string} file @param {string} body what it prints when it is given a task */
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

/** @param {string} folder @param {keyof typeof bodies} name @param {number} count of tasks */
const run = async (folder, name, count) => {
  const env = cleanEnv(join(folder, "home"))
  const [codex, config, request, output] = ["codex", "config.json", "tasks.json", "output.log"]
    .map((file) => join(folder, file))
  const repository = makeRepository(join(folder, "repository"), 20)
  writeCodex(codex ?? "", bodies[name])
  const limits = { tasks: 1000 }
  writeFileSync(
    config ?? "",
    JSON.stringify({
      codex_command: codex,
      enforcement: "audit",
      resource_policy: "normal",
      max_tasks_per_run: 1000,
      limits
    })
  )
  const list = Array.from({ length: count }, (_, n) => ({ task_id: `task-${n}`, prompt: `Do the ${n}th thing` }))
  writeFileSync(request ?? "", JSON.stringify({ concurrency: 4, tasks: list }))
  const ended = await watched(
    [process.execPath, runner, "run", request ?? "", "--repo", repository, "--config", config ?? "", "--trust-config"],
    { cwd: folder, env, output: output ?? "" }
  )
  if (ended.code !== 0) {
    throw new Error(`${name} ended with ${ended.code}:\n${readFileSync(output ?? "", "utf8").slice(-3000)}`)
  }
  const { samples } = ended
  const half = Math.ceil(samples.length / 2)
  return {
    name,
    seconds: ended.wall,
    peakMb: ended.peakMb,
    /** Flat is what doesn't grow: the medians of the first and the second half of its life. */
    firstHalfMb: median(samples.slice(0, half)),
    secondHalfMb: median(samples.slice(half))
  }
}

if (values.help) {
  console.log(usage)
} else {
  await withScratch(async (folder) => {
    const rows = []
    for (const name of /** @type {const} */ (["queued", "events", "line"])) {
      const own = join(folder, name)
      mkdirSync(own)
      rows.push(await run(own, name, name === "queued" ? tasks : 1))
    }
    const mb = (/** @type {number} */ value) => `${value.toFixed(0)} MiB`
    report({
      json: values.json,
      table: table([
        ["what", "time", "first half", "second half", "peak", "target"],
        ...rows.map((row) => [
          row.name,
          `${row.seconds.toFixed(1)} s`,
          mb(row.firstHalfMb),
          mb(row.secondHalfMb),
          mb(row.peakMb),
          `≤ ${targetMb} MiB`
        ])
      ]) + `\n\n${tasks} tasks; ${megabytes} MB of output.`,
      data: { bench: "memory", tasks, megabytes, targetMb, rows }
    })
  })
}
