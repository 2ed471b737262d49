// @ts-check
/** Many tasks in one run, many runners on one repository, many registrations at once: nothing fails, memory stays flat. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { runner, standInCodex } from "./lib/codex.mjs"
import { watched } from "./lib/measure.mjs"
import { makeRepository } from "./lib/repository.mjs"
import { cleanEnv, git, withScratch } from "./lib/scratch.mjs"
import { median, report, table } from "./lib/stats.mjs"

const usage =
  `Usage: npm run bench -- soak [--tasks 1000] [--runners 5] [--registrations 32] [--rounds 20] [--quick] [--json]

With a Codex that is a script:
  tasks          so many tasks in one run, 8 at a time
  runners        so many runners at once on one repository, 20 tasks each
  registrations  so many worktrees registered at once, so many rounds (dry runs, each in a process of its own)
Every task must succeed and nothing may be left. It takes a quarter of an hour. --quick: 40 tasks, 3 runners of 5 tasks, 8 registrations in 2 rounds.`

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "1000" },
    runners: { type: "string", default: "5" },
    registrations: { type: "string", default: "32" },
    rounds: { type: "string", default: "20" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
const sizes = values.quick
  ? { tasks: 40, runners: 3, each: 5, registrations: 8, rounds: 2 }
  : {
    tasks: Number(values.tasks),
    runners: Number(values.runners),
    each: 20,
    registrations: Number(values.registrations),
    rounds: Number(values.rounds)
  }

const codex = standInCodex(`echo done > src/done.txt
echo '{"type":"thread.started","thread_id":"soak"}'
echo '{"type":"turn.started"}'
echo '{"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"done"}}'
echo '{"type":"turn.completed","usage":{"input_tokens":1,"cached_input_tokens":0,"output_tokens":1}}'
`)

/** @param {string} scratch */
const makeScene = (scratch) => {
  const repository = makeRepository(join(scratch, "repository"), 20)
  const env = cleanEnv(join(scratch, "home"))
  const [binary, config] = [join(scratch, "codex"), join(scratch, "config.json")]
  writeFileSync(binary, codex, { mode: 0o755 })
  writeFileSync(
    config,
    JSON.stringify({
      codex_command: binary,
      enforcement: "audit",
      resource_policy: "normal",
      limits: { tasks: 1000, concurrency: 8 },
      max_tasks_per_run: 1000,
      max_runs_retained: 1000
    })
  )
  let serial = 0
  /** @param {number} count of tasks @param {object} more of the request */
  const run = async (count, more = {}) => {
    const id = `run-${serial++}`
    const file = join(scratch, `${id}.json`)
    const tasks = Array.from({ length: count }, (_, n) => ({ task_id: `task-${n}`, prompt: "Do it." }))
    writeFileSync(file, JSON.stringify({ concurrency: 8, ...more, tasks }))
    const output = join(scratch, `${id}.log`)
    const ended = await watched(
      [
        process.execPath,
        runner,
        "run",
        file,
        "--repo",
        repository,
        "--config",
        config,
        "--trust-config",
        "--run-id",
        id
      ],
      { cwd: scratch, env, output }
    )
    if (ended.code !== 0) {
      throw new Error(`${id} ended with ${ended.code}:\n${readFileSync(output, "utf8").slice(-3000)}`)
    }
    return { ...ended, id }
  }
  const state = () => {
    const root = join(scratch, "home/state/codex-runner")
    const [name = ""] = readdirSync(root).filter((entry) => entry.startsWith("repository-"))
    return join(root, name)
  }
  const nothingLeft = () => {
    for (const kind of ["worktrees", "git", "scratch", "trash"]) {
      const left = readdirSync(join(state(), kind))
      if (left.length > 0) throw new Error(`left in ${kind}: ${left.slice(0, 5).join(", ")}`)
    }
    const worktrees = git(repository, "worktree", "list", "--porcelain").split("\n\n").length
    if (worktrees !== 1) throw new Error(`${worktrees} worktrees`)
    git(repository, "fsck", "--no-dangling", "--strict")
  }
  /** @param {string} id */
  const refsOf = (id) => git(repository, "for-each-ref", "--format=%(refname)", `refs/codex-runner/${id}/`).split("\n")
  return { nothingLeft, refsOf, run }
}

/**
 * So many at once; a failure is told once all have ended, as none may write any more where the scratch folder is removed.
 * @template A
 * @param {number} count
 * @param {() => Promise<A>} run
 */
const all = async (count, run) => {
  const runs = Array.from({ length: count }, run)
  await Promise.allSettled(runs)
  return Promise.all(runs)
}

/** What has been done so far, for whoever waits: the long form takes ten minutes. @param {string} stage */
const tell = (stage) => process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${stage}\n`)

/** @param {string} scratch */
const soak = async (scratch) => {
  const scene = makeScene(scratch)
  tell(`${sizes.tasks} tasks in one run`)
  const one = await scene.run(sizes.tasks)
  if (scene.refsOf(one.id).length !== sizes.tasks) throw new Error("not every task has its ref")
  scene.nothingLeft()

  tell(`${sizes.runners} runners at once`)
  const many = await all(sizes.runners, () => scene.run(sizes.each))
  for (const { id } of many) {
    if (scene.refsOf(id).length !== sizes.each) throw new Error(`${id}: not every task has its ref`)
  }
  scene.nothingLeft()

  let registrations = 0
  for (let round = 0; round < sizes.rounds; round++) {
    tell(`${sizes.registrations} registrations at once, round ${round + 1} of ${sizes.rounds}`)
    const dry = { dry_run: true }
    await all(sizes.registrations, () => scene.run(1, dry))
    registrations += sizes.registrations
  }
  scene.nothingLeft()
  return { one, many, registrations }
}

/** The course of a curve in so many columns, each with the median of its part. @param {ReadonlyArray<number>} samples */
const graph = (samples, columns = 60, rows = 8) => {
  const width = Math.max(1, Math.ceil(samples.length / columns))
  const points = Array.from(
    { length: Math.ceil(samples.length / width) },
    (_, n) => median(samples.slice(n * width, (n + 1) * width))
  )
  const top = Math.ceil(Math.max(...points) / 10) * 10
  return Array.from({ length: rows }, (_, row) => {
    const level = top * (1 - row / rows)
    const line = points.map((point) => point >= level - top / rows / 2 ? "█" : " ").join("").trimEnd()
    return `${String(Math.round(level)).padStart(4)} MiB │${line}`
  }).join("\n")
}

if (values.help) {
  console.log(usage)
} else {
  await withScratch(async (scratch) => {
    mkdirSync(scratch, { recursive: true })
    const { many, one, registrations } = await soak(scratch)
    const half = Math.ceil(one.samples.length / 2)
    const halves = [median(one.samples.slice(0, half)), median(one.samples.slice(half))]
    report({
      json: values.json,
      table: [
        table([
          ["what", "time", "first half", "second half", "peak"],
          [
            `${sizes.tasks} tasks in one run`,
            `${one.wall.toFixed(1)} s`,
            ...halves.map((mb) => `${(mb ?? 0).toFixed(0)} MiB`),
            `${one.peakMb.toFixed(0)} MiB`
          ],
          [
            `${sizes.runners} runners, ${sizes.each} tasks each`,
            `${Math.max(...many.map(({ wall }) => wall)).toFixed(1)} s`,
            "",
            "",
            `${Math.max(...many.map(({ peakMb }) => peakMb)).toFixed(0)} MiB`
          ]
        ]),
        `${registrations} registrations, ${sizes.registrations} at once. Nothing failed, nothing is left.`,
        `Resident size of the runner with ${sizes.tasks} tasks, over its life:\n${graph(one.samples)}`
      ].join("\n\n"),
      data: {
        bench: "soak",
        ...sizes,
        rows: [{ name: "tasks", seconds: one.wall, peakMb: one.peakMb, halvesMb: halves }, {
          name: "runners",
          peakMb: Math.max(...many.map(({ peakMb }) => peakMb))
        }]
      }
    })
  })
}
