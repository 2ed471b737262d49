// @ts-check
/** Kills the runner with -9 at moments that cover every stage, starts it again, and looks whether anything is lost or left. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { makeArena, random, stages } from "./lib/chaos.mjs"
import { withModel } from "./lib/codex.mjs"
import { withScratch } from "./lib/scratch.mjs"
import { report, table } from "./lib/stats.mjs"

const usage = `Usage: npm run bench -- chaos [--rounds 60] [--real 0] [--seed 1] [--json]

Each round starts a run of 5 tasks, 3 at a time, and kills its runner with -9: in turn before its record is there, in
each stage of a task (worktree, setup, codex, capture, record, release) and after its end, a seeded few milliseconds
later. Then another start, every other time one that resumes the run. After it: no process, worktree, lock, temp file or
pinned base is left, every result that was final stands, the work of every task that had begun is in a ref, a resumed
run is whole, git's object store is sound, and the checkout is as it was. A failing round tells its moment.
--rounds with a Codex that is a script, --real with the real one and a scripted model.`

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "60" },
    real: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})

/** @param {string} scratch @param {number} rounds @param {ReadonlyArray<string> | null} provider */
const chaos = async (scratch, rounds, provider) => {
  const next = random(Number(values.seed))
  const outcomes = Object.fromEntries(stages.map((stage) => [stage, { killed: 0, ended: 0, saved: 0, resumed: 0 }]))
  if (rounds === 0) return outcomes
  mkdirSync(scratch, { recursive: true })
  const arena = makeArena(scratch, provider)
  for (let round = 0; round < rounds; round++) {
    const stage = stages[round % stages.length] ?? "start"
    const nth = 1 + Math.floor(next() * 4)
    // Before there is a journal, anything up to the time that a start takes.
    const delay = Math.floor(next() * (stage === "start" ? 600 : 50))
    const resume = Math.floor(round / stages.length) % 2 === 0
    const { killed, resumed, saved } = await arena.round({ id: `round-${round}`, stage, nth, delay, resume })
    const outcome = outcomes[stage]
    if (outcome !== undefined) {
      outcome[killed ? "killed" : "ended"]++
      outcome.saved += saved
      outcome.resumed += resumed ? 1 : 0
    }
    if (!values.json && (round % 10 === 9 || round === rounds - 1)) console.error(`${round + 1} of ${rounds} rounds`)
  }
  return outcomes
}

if (values.help) {
  console.log(usage)
} else {
  await withScratch(async (scratch) => {
    const standIn = await chaos(join(scratch, "stand-in"), Number(values.rounds), null)
    const real = Number(values.real) === 0
      ? null
      : await withModel((provider) => chaos(join(scratch, "real"), Number(values.real), provider))
    /** @param {NonNullable<typeof standIn>} outcomes */
    const rows = (outcomes) =>
      table([
        ["killed in", "killed", "had ended", "tasks' work saved", "resumed"],
        ...Object.entries(outcomes).map((
          [stage, { ended, killed, resumed, saved }]
        ) => [stage, String(killed), String(ended), String(saved), String(resumed)])
      ])
    report({
      json: values.json,
      table: [
        `Nothing lost, nothing left, with a Codex that is a script:\n${rows(standIn)}`,
        ...(real === null ? [] : [`With the real Codex:\n${rows(real)}`])
      ].join("\n\n"),
      data: { bench: "chaos", seed: values.seed, standIn, real }
    })
  })
}
