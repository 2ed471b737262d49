// @ts-check
/** The runner against a shell script that does the same by hand, in turn on the same machine. */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { codexBinary, root, runner, withModel } from "./lib/codex.mjs"
import { timed } from "./lib/measure.mjs"
import { makeRepository } from "./lib/repository.mjs"
import { cleanEnv, withScratch } from "./lib/scratch.mjs"
import { source } from "./lib/source.mjs"
import { median, report, spread, table } from "./lib/stats.mjs"

const usage =
  `Usage: npm run bench -- overhead [--files 20,1000] [--tasks 16] [--concurrency 4] [--rounds 7] [--quick] [--json]

The wall time of \`codex-runner run\` over that of a shell script: git worktree add, codex exec, git add, git diff,
git worktree remove, by xargs -P. Each task is three tool calls (a command, a patch, a command) of a scripted model.
The runner goes twice: as it is, with its gate asked before each tool call, and with a Codex that says it has no hooks,
so that there is no gate. The script goes twice as well:
  plain   it takes Codex as it comes
  tuned   it passes every flag that the runner passes
--quick: one round of two tasks, a check that everything works rather than a measurement.`

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "20,1000" },
    tasks: { type: "string", default: "16" },
    concurrency: { type: "string", default: "4" },
    rounds: { type: "string", default: "7" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
const sizes = values.quick ? [20] : values.files.split(",").map(Number)
const tasks = values.quick ? 2 : Number(values.tasks)
const rounds = values.quick ? 1 : Number(values.rounds)
const concurrency = Number(values.concurrency)

const names = Array.from({ length: tasks }, (_, n) => `note-${n}`)
const prompts = names.map((name) => `Write three lines to src/${name}.txt`)

/** The most that the runner's wall time may be of the plain script's. */
const targets = { gate: 1.6, noGate: 1.15 }

/** @typedef {{ wall: number, cpu: number }} Spent in seconds */
/** @typedef {{ name: string, run: (round: number) => Promise<Spent>, spent: Array<Spent> }} Arm one way of doing the work */

/** The very flags that the runner passes, by the runner's own code. @param {ReadonlyArray<string>} provider @param {string} folder */
const tunedArguments = async (provider, folder) => {
  /** @type {typeof import("../src/codex/invocation.ts")} */
  const { commandLine } = await source("src/codex/invocation.ts")
  /** @type {typeof import("../src/codex/probe.ts")} */
  const { parseFeatures, supportedVersions } = await source("src/codex/probe.ts")
  const features = parseFeatures(
    execFileSync(codexBinary(), ["features", "list"], { encoding: "utf8", env: cleanEnv(folder) })
  )
  const { args } = commandLine({
    traits: { version: supportedVersions.newestTried, features: features.all, enabled: features.enabled },
    prompt: "",
    worktree: "",
    checkout: "",
    sandbox: "workspace-write",
    network: false,
    writableRoots: [],
    commandEnvironment: cleanEnv(folder),
    developerInstructions: "Change only files that match src/**.",
    model: undefined,
    ephemeral: true,
    inheritUserConfig: false,
    usersCodexHome: false,
    codexConfig: provider,
    guided: false
  })
  // What the script itself says goes: `exec --json`, the folder, the sandbox, and the prompt at the end.
  const dropped = new Set(["-C", "-s"])
  return args.slice(2, -2).filter((arg, at, all) => !dropped.has(arg) && !dropped.has(all[at - 1] ?? ""))
}

/** A Codex that says it has no hooks: the runner then goes without its gate. @param {string} folder */
const withoutHooks = (folder) => {
  const file = join(folder, "codex-without-hooks")
  const binary = codexBinary()
  writeFileSync(
    file,
    `#!/bin/sh
[ "$1" = features ] && exec "${binary}" "$@" --disable hooks
exec "${binary}" "$@"
`,
    { mode: 0o755 }
  )
  return file
}

/**
 * The runner, as a user starts it.
 * @param {string} name
 * @param {{ folder: string, repository: string, provider: ReadonlyArray<string>, gate: boolean }} place
 * @returns {Arm}
 */
const runnerArm = (name, { folder, gate, provider, repository }) => {
  const env = cleanEnv(join(folder, "home"))
  const [config, request] = [join(folder, "config.json"), join(folder, "tasks.json")]
  writeFileSync(
    config,
    JSON.stringify({
      codex_command: gate ? codexBinary() : withoutHooks(folder),
      enforcement: gate ? "required" : "audit",
      codex_model: "gpt-5.5",
      codex_config: provider,
      resource_policy: "normal",
      max_tasks_per_run: Math.max(tasks, 10),
      limits: { tasks: 1000, concurrency: 64 }
    })
  )
  writeFileSync(
    request,
    JSON.stringify({ concurrency, tasks: prompts.map((prompt, n) => ({ task_id: names[n], prompt })) })
  )
  return {
    name,
    spent: [],
    run: async (round) => {
      const output = join(folder, `runner-${round}.log`)
      const end = await timed([
        "node",
        runner,
        "run",
        request,
        "--repo",
        repository,
        "--config",
        config,
        "--trust-config"
      ], {
        cwd: folder,
        env,
        output
      })
      if (end.code !== 0) throw new Error(`The runner ended with ${end.code}:\n${readFileSync(output, "utf8")}`)
      return end
    }
  }
}

/** git's own race: two `worktree add` at once, and one reads the other's half-written entry. */
let races = 0

/**
 * @param {string} name
 * @param {{ folder: string, repository: string, codexArguments: ReadonlyArray<string> }} place
 * @returns {Arm}
 */
const scriptArm = (name, { codexArguments, folder, repository }) => {
  const codexHome = join(folder, "codex-home")
  mkdirSync(codexHome, { recursive: true })
  const [list, input] = [join(folder, "arguments"), join(folder, "prompts")]
  writeFileSync(list, codexArguments.map((argument) => `${argument}\0`).join(""))
  writeFileSync(input, prompts.map((prompt) => `${prompt}\n`).join(""))
  const env = { ...cleanEnv(join(folder, "home")), CODEX_HOME: codexHome, CODEX: codexBinary(), ARGUMENTS: list }
  const script = join(root, "bench/handwritten.sh")
  /** @type {Arm["run"]} */
  const run = async (round) => {
    const result = join(folder, `script-${round}`)
    rmSync(result, { recursive: true, force: true })
    const output = `${result}.log`
    const end = await timed(["bash", script, repository, result, String(concurrency)], {
      cwd: folder,
      env,
      output,
      stdin: input
    })
    const said = readFileSync(output, "utf8")
    if (/^fatal: .*(commondir|worktrees)/m.test(said) && races < 20) {
      races += 1
      rmSync(join(repository, ".git/worktrees"), { recursive: true, force: true })
      return run(round)
    }
    const diffs = readdirSync(result).filter((file) => file.endsWith(".diff") && statSync(join(result, file)).size > 0)
    if (end.code !== 0 || diffs.length !== tasks) {
      throw new Error(`The script (${name}) ended with ${end.code} and ${diffs.length} diffs:\n${said}`)
    }
    return end
  }
  return { name, spent: [], run }
}

/** @param {number} files @param {ReadonlyArray<string>} provider @param {string} folder */
const compare = async (files, provider, folder) => {
  const original = makeRepository(join(folder, "original"), files)
  /** @param {string} name a copy for each way, so that none pays for what another left behind */
  const place = (name) => {
    const own = join(folder, name)
    cpSync(original, join(own, "repository"), { recursive: true })
    return { folder: own, repository: join(own, "repository") }
  }
  const pairs = provider.flatMap((pair) => ["-c", pair])
  const arms = [
    runnerArm("gate", { ...place("gate"), provider, gate: true }),
    runnerArm("no gate", { ...place("no-gate"), provider, gate: false }),
    scriptArm("plain", { ...place("plain"), codexArguments: pairs }),
    scriptArm("tuned", {
      ...place("tuned"),
      codexArguments: await tunedArguments(provider, join(folder, "tuned/home"))
    })
  ]
  for (const arm of arms) await arm.run(-1)
  for (let round = 0; round < rounds; round++) {
    // Each way is first, second and last equally often.
    for (let n = 0; n < arms.length; n++) {
      const arm = arms[(round + n) % arms.length]
      arm?.spent.push(await arm.run(round))
    }
    if (!values.json) console.error(`${files} files, round ${round + 1} of ${rounds}`)
  }
  const [gate, noGate, plain, tuned] = arms
  return [[gate, plain], [noGate, plain], [gate, tuned], [noGate, tuned]].flatMap(([ours, their]) => {
    if (ours === undefined || their === undefined) return []
    /** @param {keyof Spent} what round by round, so that a slow minute burdens both sides of a ratio */
    const ratios = (what) => ours.spent.map((spent, n) => spent[what] / (their.spent[n]?.[what] ?? Number.NaN))
    return [{
      files,
      runner: ours.name,
      script: their.name,
      runnerSeconds: median(ours.spent.map(({ wall }) => wall)),
      scriptSeconds: median(their.spent.map(({ wall }) => wall)),
      ratio: median(ratios("wall")),
      ratios: ratios("wall"),
      cpuRunnerSeconds: median(ours.spent.map(({ cpu }) => cpu)),
      cpuScriptSeconds: median(their.spent.map(({ cpu }) => cpu)),
      cpuRatio: median(ratios("cpu")),
      target: their.name === "plain" ? targets[ours.name === "gate" ? "gate" : "noGate"] : null
    }]
  })
}

if (values.help) {
  console.log(usage)
} else {
  await withScratch((scratch) =>
    withModel(async (provider) => {
      const rows = []
      for (const files of sizes) rows.push(...await compare(files, provider, join(scratch, String(files))))
      const seconds = (/** @type {number} */ value) => `${value.toFixed(2)} s`
      report({
        json: values.json,
        table: table([
          [
            "files",
            "runner",
            "script",
            "its wall",
            "runner's",
            "ratio",
            "from–to",
            "target",
            "cpu",
            "runner's",
            "ratio"
          ],
          ...rows.map((row) => [
            String(row.files),
            row.runner,
            row.script,
            seconds(row.scriptSeconds),
            seconds(row.runnerSeconds),
            row.ratio.toFixed(3),
            spread(row.ratios),
            row.target === null ? "" : `≤ ${row.target}`,
            seconds(row.cpuScriptSeconds),
            seconds(row.cpuRunnerSeconds),
            row.cpuRatio.toFixed(3)
          ])
        ]) +
          `\n\n${tasks} tasks, ${concurrency} at a time, medians of ${rounds} rounds.` +
          (races === 0
            ? ""
            : `\n${races} rounds of the scripts failed by git's race between worktrees, and were repeated.`),
        data: { bench: "overhead", tasks, concurrency, rounds, races, rows }
      })
    })
  )
}
