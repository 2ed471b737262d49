import { assert, describe, it } from "@effect/vitest"
import { formatTotals, totals } from "../../scripts/totals.mjs"

const file = (status: string, ...tests: ReadonlyArray<string>) => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome }))
})

const report = (
  counts: { passed?: number; failed?: number; pending?: number; todo?: number },
  ...testResults: ReadonlyArray<ReturnType<typeof file>>
) => ({
  numPassedTests: counts.passed ?? 0,
  numFailedTests: counts.failed ?? 0,
  numPendingTests: counts.pending ?? 0,
  numTodoTests: counts.todo ?? 0,
  testResults
})

const ran = <A>(report: A, exit = 0) => ({ report, exit })

const good = {
  tests: ran(report({ passed: 3 }, file("passed", "passed", "passed", "passed"))),
  checks: [ran([{ ok: true }]), ran([{ ok: true }])]
}

describe("totals", () => {
  it("counts tests and checks together", () =>
    assert.deepStrictEqual(totals(good), { passed: 5, failed: 0, skipped: 0 }))

  it("counts what failed, and what was skipped or is still to be written", () =>
    assert.deepStrictEqual(
      totals({
        tests: ran(report({ passed: 3, failed: 2, pending: 1, todo: 1 }, file("failed", "failed", "failed")), 1),
        checks: [ran([{ ok: true }, { ok: false }], 1), ran([{ ok: true }])]
      }),
      { passed: 5, failed: 3, skipped: 2 }
    ))

  it("a file of tests that does not load is a failure", () =>
    assert.deepStrictEqual(
      totals({ ...good, tests: ran(report({ passed: 3 }, file("failed"), file("failed")), 1) }),
      { passed: 5, failed: 2, skipped: 0 }
    ))

  it("so is a run without tests", () =>
    assert.deepStrictEqual(totals({ ...good, tests: ran(report({})) }), { passed: 2, failed: 1, skipped: 0 }))

  it("so is one where every test was skipped", () =>
    assert.deepStrictEqual(totals({ ...good, tests: ran(report({ pending: 2 })) }), {
      passed: 2,
      failed: 1,
      skipped: 2
    }))

  it("so is a report that was never written", () =>
    assert.deepStrictEqual(
      totals({ tests: ran(undefined, 1), checks: [ran(undefined, 1)] }),
      { passed: 0, failed: 2, skipped: 0 }
    ))

  it("so is an exit code that nothing else explains", () => {
    assert.deepStrictEqual(totals({ ...good, tests: { ...good.tests, exit: 1 } }), { passed: 5, failed: 1, skipped: 0 })
    assert.deepStrictEqual(totals({ ...good, checks: [ran([{ ok: true }], 1), ran([{ ok: true }])] }), {
      passed: 5,
      failed: 1,
      skipped: 0
    })
  })

  it("so is a run of checks that made none", () =>
    assert.deepStrictEqual(totals({ ...good, checks: [ran([]), ran([{ ok: true }])] }), {
      passed: 4,
      failed: 1,
      skipped: 0
    }))
})

describe("formatTotals", () => {
  it("names what was skipped only where something was", () => {
    assert.strictEqual(formatTotals({ passed: 5, failed: 0, skipped: 0 }), "5 passed, 0 failed")
    assert.strictEqual(formatTotals({ passed: 5, failed: 1, skipped: 2 }), "5 passed, 1 failed, 2 skipped")
  })
})
