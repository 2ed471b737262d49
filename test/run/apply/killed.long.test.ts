/** An apply killed with SIGKILL in the middle: the checkout is as before, or as after; the next start says which. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Fs from "node:fs"
import { recordsIn } from "../../../src/store/records.ts"
import { runFolder } from "../../../src/store/stateFolder.ts"
import { gitRepo } from "../../support/GitRepo.ts"
import { bundle, toEnd } from "../../support/program.ts"
import { apply, layoutIn, leftBehind, listing, recorded, statusOf, verified } from "./support.ts"

/** Applies a run, and is killed before its so-manieth change of the file system. Says how many there were. */
const killedApply = `
import * as fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import * as Effect from "effect/Effect"
import { apply } from "./test/run/apply/support.ts"
import { repoAt } from "./test/support/GitRepo.ts"
const [root, home, killAt] = process.argv.slice(2)
let changes = 0
const functions = fs.default ?? fs
for (const name of ["mkdirSync", "writeFileSync", "copyFileSync", "linkSync", "renameSync", "rmdirSync", "unlinkSync", "rmSync"]) {
  const real = functions[name]
  functions[name] = (...args) => {
    if (String(args[0]).startsWith(root) && changes++ === Number(killAt)) process.kill(process.pid, "SIGKILL")
    return real(...args)
  }
}
syncBuiltinESMExports()
await Effect.runPromise(apply(repoAt(home, root), { run: "r1" }))
console.log(changes)
`

const files = { "a": "a\n", "b": "b\n", "dir/x": "x\n", "dir/y": "y\n", "gone": "gone\n" }
const work = {
  one: { write: { "a": "A\n", "dir": { link: "a" }, "new/deep": "new\n" }, remove: ["gone"] },
  two: { write: { "b": { exec: "B\n" } } }
}

describe("an apply that is killed", () => {
  it.scopedLive("is done as a whole or not at all once the next one has begun, and says so", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      yield* recorded(repo, work)
      const program = bundle(repo.home, killedApply)
      const run = (killAt: number) =>
        toEnd(process.execPath, [program, repo.root, repo.home, String(killAt)], { env: repo.env })
      const state = () => [...listing(repo.root), ...statusOf(repo), repo.git("ls-files", "-s")]
      const gitFolder = () => Fs.readdirSync(`${repo.root}/.git`).filter((name) => /codex|lock/.test(name))
      const records = () =>
        Fs.readFileSync(recordsIn(runFolder(layoutIn(repo), "r1")), "utf8").trim().split("\n").length
      const reset = () => {
        repo.git("reset", "-q", "--hard")
        repo.git("clean", "-qffd")
      }

      const before = state()
      const whole = yield* run(-1)
      assert.strictEqual(whole.code, 0, whole.stderr)
      const after = state()
      const total = Number(whole.stdout)
      assert.isAbove(total, 20)
      reset()

      const outcomes = { back: 0, done: 0, untouched: 0 }
      // One moment of each eighth of the way.
      const moments = fc.sample(fc.double({ min: 0, max: 0.99, noNaN: true }), { numRuns: 8, seed: 20261124 })
      for (const [eighth, within] of moments.entries()) {
        const killAt = Math.floor((eighth + within) * total / moments.length)
        const recordsBefore = records()
        const killed = yield* run(killAt)
        assert.strictEqual(killed.signal, "SIGKILL", `${killAt}: ${killed.stderr}`)
        const { notes } = yield* apply(repo, { run: "r1", check: true })
        assert.deepStrictEqual(gitFolder(), [], String(killAt))
        assert.deepStrictEqual(leftBehind(repo), [], String(killAt))
        const found = state()
        if (notes.some((note) => note.includes("half-way: the checkout is as it was"))) outcomes.back += 1
        else if (notes.some((note) => note.includes("had been killed when all was done"))) outcomes.done += 1
        else outcomes.untouched += 1
        const isDone = JSON.stringify(found) === JSON.stringify(after)
        if (!isDone) assert.deepStrictEqual(found, before, String(killAt))
        // What is done is on record, and what is not isn't.
        assert.strictEqual(records() > recordsBefore, isDone, String(killAt))
        reset()
        assert.deepStrictEqual(state(), before)
      }
      assert.isAbove(outcomes.back, 1)
      assert.isAbove(outcomes.untouched, 1)
      assert.deepStrictEqual(yield* verified(repo), [{ run_id: "r1", problems: [] }])
      yield* apply(repo, { run: "r1" })
      assert.deepStrictEqual(state(), after)
      repo.git("fsck", "--strict", "--no-dangling")
    }))
})
