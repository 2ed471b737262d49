// @ts-check
/**
 * `node scripts/totals.mjs <tests.json> <its exit code> [<checks.json> <its exit code>]…`:
 * one line that sums up the tests and the checks, and fails where anything did.
 */
import { readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"

/**
 * @typedef {object} TestReport what vitest's JSON reporter writes
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {ReadonlyArray<{ status: string, assertionResults: ReadonlyArray<{ status: string }> }>} testResults
 */
/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/** @param {TestReport | undefined} report @returns {Totals} */
const ofTests = (report) => {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }
  // A file that does not load has no test that could fail.
  const broken =
    report.testResults.filter(({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed")
    ).length
  const none = report.numPassedTests + report.numFailedTests === 0 && broken === 0
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken + (none ? 1 : 0),
    skipped: report.numPendingTests + report.numTodoTests
  }
}

/** @param {ReadonlyArray<{ ok: boolean }> | undefined} report @returns {Totals} */
const ofChecks = (report = [{ ok: false }]) => {
  const passed = report.filter(({ ok }) => ok).length
  return { passed, failed: Math.max(report.length - passed, report.length === 0 ? 1 : 0), skipped: 0 }
}

/** A program that says it failed has failed, whatever it counted. @param {Totals} counted @param {number} exitCode */
const believing = ({ failed, passed, skipped }, exitCode) => ({
  passed,
  failed: exitCode === 0 ? failed : Math.max(failed, 1),
  skipped
})

/** @template A @typedef {{ report: A | undefined, exit: number }} Ran a report that could not be read is undefined */

/** @param {{ tests: Ran<TestReport>, checks: ReadonlyArray<Ran<ReadonlyArray<{ ok: boolean }>>> }} runs @returns {Totals} */
export const totals = ({ checks, tests }) => {
  const parts = [
    believing(ofTests(tests.report), tests.exit),
    ...checks.map(({ exit, report }) => believing(ofChecks(report), exit))
  ]
  /** @param {keyof Totals} key */
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0)
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") }
}

/** @param {Totals} totals */
export const formatTotals = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`

/** @param {string | undefined} path */
const read = (path) => {
  try {
    return JSON.parse(readFileSync(path ?? "", "utf8"))
  } catch {
    return undefined
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [tests, ...checks] = Array.from({ length: Math.ceil((process.argv.length - 2) / 2) }, (_, n) => {
    const [path, exit] = process.argv.slice(2 + 2 * n)
    return { report: read(path), exit: Number(exit) }
  })
  const sums = totals({ tests: tests ?? { report: undefined, exit: 1 }, checks })
  console.log(formatTotals(sums))
  process.exitCode = sums.failed === 0 ? 0 : 1
}
