// @ts-check
/**
 * `node scripts/totals.mjs <tests.json> <its exit code> <checks.json> <its exit code>`:
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

/**
 * @param {{ tests: TestReport | undefined, testsExit: number, checks: ReadonlyArray<{ ok: boolean }> | undefined, checksExit: number }} runs
 *   a report that could not be read is undefined
 * @returns {Totals}
 */
export const totals = ({ tests, testsExit, checks, checksExit }) => {
  const parts = [believing(ofTests(tests), testsExit), believing(ofChecks(checks), checksExit)]
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
  const [tests, testsExit, checks, checksExit] = process.argv.slice(2)
  const sums = totals({
    tests: read(tests),
    testsExit: Number(testsExit),
    checks: read(checks),
    checksExit: Number(checksExit)
  })
  console.log(formatTotals(sums))
  process.exitCode = sums.failed === 0 ? 0 : 1
}
