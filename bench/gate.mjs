// @ts-check
/**
 * What the gate adds to each tool call: the hook's command as Codex starts it, with a realistic call, against a Node
 * that does nothing. In turn, so that what else the machine does burdens both alike.
 *
 *     npm run bench -- gate [--json] [--rounds 30]
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { gzipSync } from "node:zlib"
import { root } from "./lib/codex.mjs"
import { timed } from "./lib/measure.mjs"
import { withScratch } from "./lib/scratch.mjs"
import { source } from "./lib/source.mjs"
import { median, report, spread, table } from "./lib/stats.mjs"

const { hookCommand } = await source("src/gate/hookCommand.ts")
const { installHook } = await source("src/gate/installHook.ts")
const { Processes } = await source("src/process/Processes.ts")

const { values } = parseArgs({ options: { json: { type: "boolean" }, rounds: { type: "string", default: "30" } } })
const rounds = Number(values.rounds)

/** The most that a call may take, in terms of an idle Node. */
const target = 1.5

/** As a run installs it. @param {string} folder @returns {Promise<{ path: string }>} */
const install = (folder) =>
  Effect.runPromise(installHook(folder).pipe(Effect.provide(Processes.layer), Effect.provide(NodeContext.layer)))

const node = process.execPath

/** @param {string} tool @param {string} command @param {string} cwd */
const call = (tool, command, cwd) =>
  JSON.stringify({
    session_id: "01a20365-0000-7000-8000-000000000000",
    turn_id: "01a20365-0000-7000-8000-000000000001",
    transcript_path: null,
    cwd,
    hook_event_name: "PreToolUse",
    model: "gpt-5.5",
    permission_mode: "bypassPermissions",
    tool_name: tool,
    tool_input: { command },
    tool_use_id: "call_0_0"
  })

const patch = [
  "*** Begin Patch",
  "*** Update File: src/a.ts",
  "@@",
  "-export const a = 1",
  "+export const a = 2",
  "*** Add File: tests/a.test.ts",
  ...Array.from({ length: 60 }, (_, n) => `+test("a ${n}", () => {})`),
  "*** End Patch"
].join("\n")

await withScratch(async (folder) => {
  const worktree = join(folder, "worktree")
  mkdirSync(join(worktree, "src"), { recursive: true })
  writeFileSync(join(worktree, "src", "a.ts"), "export const a = 1\n")
  const policy = join(folder, "policy.json")
  writeFileSync(
    policy,
    JSON.stringify({
      worktree,
      allowedCommands: ["npm test", "npm run lint", "npx tsc --noEmit"],
      allowReadOnly: true,
      allowedPaths: ["src/**", "tests/**", "package.json"],
      protectedPaths: [],
      disposablePaths: ["**/__pycache__/**", "**/coverage/**"],
      searchPath: process.env["PATH"] ?? "",
      log: join(folder, "gate.jsonl")
    })
  )
  const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: folder, CODEX_RUNNER_GATE: policy }
  const { path: hook } = await install(join(folder, "gate"))
  const throughHook = ["/bin/sh", "-c", hookCommand(node, hook)]
  /** @type {Readonly<Record<string, { command: ReadonlyArray<string>, call?: string, code: number }>>} */
  const cases = {
    "node -e 0": { command: [node, "-e", "0"], code: 0 },
    "a command, allowed": {
      command: throughHook,
      call: call("Bash", `grep -rn "class Cart" src | head -20 && npm test`, worktree),
      code: 0
    },
    "a command, denied": { command: throughHook, call: call("Bash", "touch src/x && npm test", worktree), code: 2 },
    "a patch, allowed": { command: throughHook, call: call("apply_patch", patch, worktree), code: 0 }
  }
  /** @type {Record<string, { wall: Array<number>, cpu: Array<number> }>} */
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, { wall: [], cpu: [] }]))
  for (const [index, { call = "" }] of Object.values(cases).entries()) {
    writeFileSync(join(folder, `call-${index}.json`), call)
  }
  for (let round = -2; round < rounds; round++) {
    for (const [index, [name, { code, command }]] of Object.entries(cases).entries()) {
      const end = await timed(command, {
        cwd: worktree,
        env,
        output: join(folder, "output"),
        stdin: join(folder, `call-${index}.json`)
      })
      if (end.code !== code) {
        throw new Error(`${name}: ended with ${end.code}: ${readFileSync(join(folder, "output"), "utf8")}`)
      }
      // The first two warm the disk cache.
      if (round < 0) continue
      times[name]?.wall.push(1000 * end.wall)
      times[name]?.cpu.push(1000 * end.cpu)
    }
  }
  const base = times["node -e 0"] ?? { wall: [], cpu: [] }
  const bytes = readFileSync(join(root, "dist", "gate", "hook.cjs"))
  const results = Object.entries(times).map(([name, { cpu, wall }]) => ({
    name,
    wallMs: median(wall),
    wallRatio: median(wall) / median(base.wall),
    cpuMs: median(cpu),
    cpuRatio: median(cpu) / median(base.cpu)
  }))
  report({
    json: values.json === true,
    table: [
      table([
        ["call", "wall ms", "range", "x idle", "cpu ms", "x idle"],
        ...results.map(({ cpuMs, cpuRatio, name, wallMs, wallRatio }) => [
          name,
          wallMs.toFixed(1),
          spread(times[name]?.wall ?? []),
          wallRatio.toFixed(2),
          cpuMs.toFixed(1),
          cpuRatio.toFixed(2)
        ])
      ]),
      "",
      `Medians of ${rounds}, target at most ${target} x; the hook program: ${(bytes.length / 1024).toFixed(0)} kB, ${
        (gzipSync(bytes).length / 1024).toFixed(0)
      } kB gzipped`
    ].join("\n"),
    data: { rounds, target, hookBytes: bytes.length, results }
  })
})
