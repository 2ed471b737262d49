// @ts-check
/** A task that goes beyond every bound: how long until it is given up, what the runner holds, what the result says. */
import { mkdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { withScratch } from "./lib/scratch.mjs"
import { complaintsOf, scriptedRun, word } from "./lib/scriptedRun.mjs"
import { report, table } from "./lib/stats.mjs"

const usage = `Usage: npm run bench -- bounds [--only NAME] [--quick] [--json]

One task each, with a Codex that is a script and that
  line       prints 500 MB on one line
  lines      prints 500 MB on many lines that are no events
  events     prints a million events
  files      makes 200,000 files
  sparse     makes a file of 10 GB without content
  processes  starts a thousand processes, half of them in sessions of their own
Told are the time, the highest resident size of the runner, the size of the result and what it says of the cap.
--quick: two thousandths of each.`

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
const share = values.quick ? 0.002 : 1
const bytes = 500_000_000 * share

const message = word({ type: "item.completed", item: { id: "item_1", type: "agent_message", text: "at work" } })

/** What Codex does, and the words in its result that name the cap. */
const cases = {
  line: { body: `head -c ${bytes} /dev/zero | tr '\\0' x\necho`, says: /1 too long|cut at its cap/ },
  lines: { body: `yes 'no event of Codex' | head -c ${bytes}\necho`, says: /could not be read|cut at its cap/ },
  events: { body: `yes ${message} | head -n ${1_000_000 * share}`, says: /cut at its cap/ },
  files: {
    body: `mkdir src/many; cd src/many; seq 1 ${200_000 * share} | xargs touch; cd ../..`,
    says: /beyond the cap of \d+ files/
  },
  sparse: { body: `truncate -s ${10 * share}G src/sparse`, says: /is over \d+ bytes/ },
  processes: {
    body: `n=0; while [ $n -lt ${500 * share} ]; do sleep 1000 & setsid sleep 1000 & n=$((n+1)); done`,
    says: /$^/
  }
}

/** @param {string} folder @param {keyof typeof cases} name */
const measure = async (folder, name) => {
  const { body, says } = cases[name]
  const ended = await scriptedRun(folder, body, 1)
  const output = readFileSync(join(folder, "output.json"), "utf8")
  if (output === "") throw new Error(`${name}: no result:\n${complaintsOf(folder)}`)
  const [task] = JSON.parse(output).results
  return {
    name,
    seconds: ended.wall,
    peakMb: ended.peakMb,
    resultBytes: statSync(join(folder, "output.json")).size,
    status: task.status,
    says: says.exec(`${task.notes_for_manager}\n${JSON.stringify(task.violations)}`)?.[0] ?? ""
  }
}

if (values.help) {
  console.log(usage)
} else {
  await withScratch(async (folder) => {
    const rows = []
    for (const name of /** @type {Array<keyof typeof cases>} */ (Object.keys(cases))) {
      if (values.only !== undefined && values.only !== name) continue
      const own = join(folder, name)
      mkdirSync(own)
      rows.push(await measure(own, name))
    }
    report({
      json: values.json,
      table: table([
        ["what", "time", "peak", "result", "status", "says"],
        ...rows.map((row) => [
          row.name,
          `${row.seconds.toFixed(1)} s`,
          `${row.peakMb.toFixed(0)} MiB`,
          `${(row.resultBytes / 1024).toFixed(0)} KiB`,
          row.status,
          row.says
        ])
      ]),
      data: { bench: "bounds", share, rows }
    })
  })
}
