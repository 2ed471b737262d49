// @ts-check
/**
 * `npm run check [-- name …] [--report file]`: a line for each check. The
 * report is what `.ci/run` counts.
 */
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as checks from "./checks.mjs"
import { ensureInstalled, script } from "./ensure.mjs"

const shown = 30

/** @param {ReadonlyArray<string>} lines */
const short = (lines) =>
  lines.length <= shown ? lines : [...lines.slice(0, shown), `… and ${lines.length - shown} lines more`]

/**
 * A check that throws has failed.
 * @param {() => checks.Outcome | Promise<checks.Outcome>} check
 * @returns {Promise<checks.Outcome>}
 */
const outcomeOf = async (check) => {
  try {
    return await check()
  } catch (error) {
    return { ok: false, lines: (error instanceof Error ? error.message : String(error)).split("\n") }
  }
}

await script(async () => {
  await ensureInstalled()
  const { buildOnce } = await import("./build.mjs")
  const { cleanUp, ...ofPackage } = checks.packageChecks(buildOnce)
  const { types, lint, format, arrows, size, lockfile } = checks
  const all = Object.entries({ types, lint, format, arrows, size, lockfile, ...ofPackage })

  const { values, positionals } = parseArgs({ options: { report: { type: "string" } }, allowPositionals: true })
  const unknown = positionals.filter((name) => !all.some(([known]) => known === name))
  if (unknown.length > 0) {
    console.error(`No check named ${unknown.join(", ")}. There are: ${all.map(([name]) => name).join(", ")}`)
    return 2
  }

  const results = []
  for (const [name, check] of all.filter(([name]) => positionals.length === 0 || positionals.includes(name))) {
    const start = performance.now()
    const { ok, lines } = await outcomeOf(check)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${ok ? "ok  " : "FAIL"} ${name.padEnd(9)} ${seconds} s`)
    for (const line of short(lines)) console.log(`       ${line}`)
    results.push({ name, ok })
  }
  await cleanUp()
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(results))
  return results.every(({ ok }) => ok) ? 0 : 1
})
