// @ts-check
/** Things to be tried by name, `[name …] [--report file]`: a line for each, and a report that `.ci/run` counts. */
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"

/** @typedef {{ ok: boolean, lines: ReadonlyArray<string> }} Outcome `lines` say what is wrong */
/** @typedef {() => Outcome | Promise<Outcome>} Trial one that throws has failed */

const shown = 30

/** @param {ReadonlyArray<string>} lines */
const short = (lines) =>
  lines.length <= shown ? lines : [...lines.slice(0, shown), `… and ${lines.length - shown} lines more`]

/** @param {Trial} trial @returns {Promise<Outcome>} */
const outcomeOf = async (trial) => {
  try {
    return await trial()
  } catch (error) {
    return { ok: false, lines: (error instanceof Error ? error.message : String(error)).split("\n") }
  }
}

/** Tries all of them, or those that the arguments name. @param {Readonly<Record<string, Trial>>} trials @returns {Promise<number>} the exit code */
export const tryNamed = async (trials) => {
  const { values, positionals } = parseArgs({ options: { report: { type: "string" } }, allowPositionals: true })
  const unknown = positionals.filter((name) => !Object.hasOwn(trials, name))
  if (unknown.length > 0) {
    console.error(`No check named ${unknown.join(", ")}. There are: ${Object.keys(trials).join(", ")}`)
    return 2
  }
  const results = []
  for (const [name, trial] of Object.entries(trials)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    const start = performance.now()
    const { ok, lines } = await outcomeOf(trial)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${ok ? "ok  " : "FAIL"} ${name.padEnd(9)} ${seconds} s`)
    for (const line of short(lines)) console.log(`       ${line}`)
    results.push({ name, ok })
  }
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(results))
  return results.every(({ ok }) => ok) ? 0 : 1
}
