// @ts-check
/** What the runner itself holds in memory: with many tasks waiting, and with a Codex that never stops talking. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { withScratch } from "./lib/scratch.mjs"
import { complaintsOf, scriptedRun, word } from "./lib/scriptedRun.mjs"
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

/** @param {string} folder @param {keyof typeof bodies} name @param {number} count of tasks */
const run = async (folder, name, count) => {
  const ended = await scriptedRun(folder, bodies[name], count)
  if (ended.code !== 0) throw new Error(`${name} ended with ${ended.code}:\n${complaintsOf(folder)}`)
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
