// @ts-check
/** How long the programs take to say something: the command line beside Node's own start, the server beside a bare one. */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { root, runner } from "./lib/codex.mjs"
import { bareServer, greet } from "./lib/mcp.mjs"
import { cleanEnv, withScratch } from "./lib/scratch.mjs"
import { median, report, spread, table } from "./lib/stats.mjs"

const usage = `Usage: npm run bench -- startup [--rounds 15] [--quick] [--json]

The wall time of short commands over that of \`node -e 0\`, and of the MCP server's answer to initialize over that of
a bare server of the same library, bundled in the same way; in turn, medians.
--quick: three rounds.`

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})
const rounds = values.quick ? 3 : Number(values.rounds)

/** @type {ReadonlyArray<{ name: string, args: ReadonlyArray<string>, code: number, target: number | null }>} */
const commands = [
  { name: "node -e 0", args: ["-e", "0"], code: 0, target: null },
  { name: "--version", args: [runner, "--version"], code: 0, target: 1.5 },
  { name: "run --help", args: [runner, "run", "--help"], code: 0, target: 3.5 },
  { name: "run of a missing file", args: [runner, "run", "no-such-file.json"], code: 2, target: null }
]

/** @param {string} folder */
const measure = (folder) => {
  // The caller's own environment: what it costs Node (NODE_EXTRA_CA_CERTS, NODE_OPTIONS) it costs every command.
  const env = { ...process.env, ...cleanEnv(join(folder, "home")) }
  const measured = commands.map((command) => ({ ...command, ms: /** @type {Array<number>} */ ([]) }))
  for (let round = -1; round < rounds; round++) {
    for (const { args, code, ms, name } of measured) {
      const start = performance.now()
      const end = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" })
      const took = performance.now() - start
      if (end.status !== code) throw new Error(`${name} ended with ${end.status}: ${end.stderr}`)
      // The first round fills the file system's cache.
      if (round >= 0) ms.push(took)
    }
  }
  const floor = measured[0]?.ms ?? []
  return measured.map(({ ms, name, target }) => {
    const ratios = ms.map((took, round) => took / (floor[round] ?? Number.NaN))
    return { name, ms: median(ms), ratio: median(ms) / median(floor), ratios, target }
  })
}

/** @param {string} folder */
const measureServers = async (folder) => {
  const env = { ...process.env, ...cleanEnv(join(folder, "home")) }
  const servers = [
    { name: "bare MCP server", program: await bareServer(folder), target: null },
    { name: "codex-mcp-runner", program: join(root, "dist/bin/codex-mcp-runner.mjs"), target: 1.6 }
  ]
  const measured = servers.map((server) => ({
    ...server,
    greeted: /** @type {Array<{ ms: number, mb: number }>} */ ([])
  }))
  for (let round = -1; round < rounds; round++) {
    for (const { greeted, program } of measured) {
      const one = await greet(program, { cwd: folder, env })
      if (round >= 0) greeted.push(one)
    }
  }
  const floor = measured[0]?.greeted ?? []
  return measured.map(({ greeted, name, target }) => {
    const ms = median(greeted.map((one) => one.ms))
    return {
      name,
      ms,
      mb: median(greeted.map((one) => one.mb)),
      ratio: ms / median(floor.map((one) => one.ms)),
      ratios: greeted.map((one, round) => one.ms / (floor[round]?.ms ?? Number.NaN)),
      target
    }
  })
}

if (values.help) {
  console.log(usage)
} else {
  await withScratch(async (folder) => {
    const rows = measure(folder)
    const servers = await measureServers(folder)
    report({
      json: values.json,
      table: table([
        ["command", "median", "ratio", "from–to", "target"],
        ...rows.map(({ ms, name, ratio, ratios, target }) => [
          name,
          `${ms.toFixed(0)} ms`,
          ratio.toFixed(2),
          spread(ratios),
          target === null ? "" : `≤ ${target}`
        ])
      ]) + "\n\n" + table([
        ["to the answer to initialize", "median", "ratio", "from–to", "target", "resident"],
        ...servers.map(({ mb, ms, name, ratio, ratios, target }) => [
          name,
          `${ms.toFixed(0)} ms`,
          ratio.toFixed(2),
          spread(ratios),
          target === null ? "" : `≤ ${target}`,
          `${mb.toFixed(0)} MiB`
        ])
      ]) + `\n\nMedians of ${rounds} rounds, in turn.`,
      data: { bench: "startup", rounds, rows, servers }
    })
  })
}
