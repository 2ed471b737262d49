import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import * as Fs from "node:fs"
import { formatProblem } from "../../src/domain/Problem.ts"
import { RunId, TaskId } from "../../src/domain/Task.ts"
import { knownRuns, pickRun, pickTask } from "../../src/run/findRun.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

const runs = ["20261122-141530-k3f9", "20261122-150000-aaaa", "nightly"].map((id) => RunId.make(id))
/** The run, or what is told in place of it. */
const pick = (name: string, known = runs): string => Either.merge(Either.mapLeft(pickRun(known, name), formatProblem))

describe("a run by its name", () => {
  it("is the one of that name, the only one that begins so, or the last", () => {
    assert.strictEqual(pick("20261122-150000-aaaa"), runs[1])
    assert.strictEqual(pick("20261122-15"), runs[1])
    assert.strictEqual(pick("n"), runs[2])
    assert.strictEqual(pick("last"), runs[2])
  })

  it("is itself, even where others begin with it, or it is called last", () => {
    const known = ["last", "a", "ab", "abc"].map((id) => RunId.make(id))
    assert.strictEqual(pick("ab", known), "ab")
    assert.strictEqual(pick("last", known), "last")
  })

  it("none: the error names the nearest and the latest", () => {
    assert.deepStrictEqual(
      pick("nihgtly"),
      "run: no run \"nihgtly\". Did you mean nightly? The latest are: 20261122-141530-k3f9, 20261122-150000-aaaa, nightly."
    )
    assert.strictEqual(pick("zzz", []), "run: no run \"zzz\". There are no runs yet.")
    assert.strictEqual(pick("last", []), "run: no run \"last\". There are no runs yet.")
    assert.match(pick("\u001b[31m"), /no run "\\u001b\[31m"/)
  })

  it("several: the error names them", () => {
    assert.deepStrictEqual(
      pick("2026"),
      "run: 2 runs begin with \"2026\". Say which: 20261122-141530-k3f9, 20261122-150000-aaaa."
    )
    assert.match(pick(""), /no run ""/)
  })

  it("any start of it that no other has will do", () => {
    const ids = fc.uniqueArray(fc.stringMatching(/^[ab]{1,6}$/), { minLength: 1 })
    fc.assert(fc.property(ids, fc.nat(), fc.nat(), (names, which, length) => {
      const known = names.map((name) => RunId.make(name))
      const wanted = known[which % known.length] ?? ""
      const start = wanted.slice(0, 1 + length % wanted.length)
      const same = known.filter((id) => id.startsWith(start))
      const expected = known.find((id) => id === start) ?? (same.length === 1 ? same[0] : undefined)
      assert.deepStrictEqual(Either.getOrUndefined(pickRun(known, start)), expected)
    }))
  })
})

describe("a task by its name", () => {
  const tasks = ["readme", "add-clamp"].map((id) => TaskId.make(id))

  it("is the one of that name; none: the error names the nearest, or all", () => {
    const problem = (name: string): string => Either.merge(Either.mapLeft(pickTask(tasks, name), formatProblem))
    assert.strictEqual(problem("readme"), "readme")
    assert.strictEqual(problem("readmee"), "task: the run has no task \"readmee\". Did you mean readme?")
    assert.strictEqual(problem("other"), "task: the run has no task \"other\". Its tasks: readme, add-clamp.")
  })
})

describe("the runs on disk", () => {
  it.scoped("oldest first by when they were made, whatever they are called; unreadable ones before all", () =>
    Effect.map(scratchFolder, (root) => {
      const layout = { state: root, root, runs: `${root}/runs`, trash: `${root}/trash`, lock: `${root}/lock` }
      assert.deepStrictEqual(knownRuns(layout), [])
      const made = (created_at: string) => JSON.stringify({ created_at })
      writeFiles(layout.runs, {
        "b/run.json": made("2026-11-22T10:00:00.000Z"),
        "a/run.json": made("2026-11-22T11:00:00.000Z"),
        "v1%2E%2Ex/run.json": made("2026-11-22T09:00:00.000Z"),
        "torn/run.json": "{\"created",
        "not a run/run.json": made("2026-11-22T12:00:00.000Z")
      })
      Fs.mkdirSync(`${layout.runs}/empty`)
      assert.deepStrictEqual(knownRuns(layout), ["empty", "torn", "v1..x", "b", "a"].map((id) => RunId.make(id)))
    }))
})
