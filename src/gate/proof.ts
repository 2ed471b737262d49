/**
 * The proof: the real Codex binary, offline, with a model that tries forbidden
 * and allowed things. Only where every forbidden one left no trace, and every
 * allowed one did, is the gate believed.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as os from "node:os"
import { commandLine } from "../codex/invocation.ts"
import type { CodexTraits } from "../codex/probe.ts"
import { codexEnvironment, commandEnvironment } from "../policy/environment.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import * as ScriptedModel from "../scripted/ScriptedModel.ts"
import { type GateEntry, readGateLog } from "./gateLog.ts"
import { hookSettings } from "./hookCommand.ts"
import { type GatePolicy, policyVariable } from "./policyFile.ts"
import {
  canary,
  forbiddenCount,
  forbiddenMark,
  isAgentTool,
  knownTools,
  probeCommand,
  probeSource,
  type ProofFolders,
  proofPaths,
  proofScript
} from "./proofPlan.ts"

export interface ProofSubject {
  readonly binary: string
  readonly traits: CodexTraits
  /** The hook's command, and the hash that makes Codex trust it. */
  readonly command: string
  readonly hash: string
}

/** What was found: nothing wrong, or what went wrong, gate and sandbox told apart. */
export interface ProofOutcome {
  readonly gate: ReadonlyArray<string>
  readonly sandbox: ReadonlyArray<string>
}

const Seen = Schema.parseJson(Schema.Struct({
  env: Schema.Record({ key: Schema.String, value: Schema.String }),
  writes: Schema.Struct({
    sharedTemp: Schema.Boolean,
    outside: Schema.Boolean,
    git: Schema.Boolean,
    home: Schema.Boolean,
    tmpdir: Schema.Boolean
  }),
  network: Schema.Boolean,
  /** Linux: the capabilities that a command has, in hex; null elsewhere. */
  capabilities: Schema.NullOr(Schema.String)
}))

/** A classic model, and one in Code Mode where the binary has it. */
const modelsFor = (traits: CodexTraits): ReadonlyArray<string> =>
  traits.version.localeCompare("0.144.0", undefined, { numeric: true }) >= 0 ? ["gpt-5.5", "gpt-5.6-sol"] : ["gpt-5.5"]

/** Tries the binary in `folder`, which must not exist, is outside the temp folders, and is left for the caller to remove. */
export const proveGate = Effect.fn("Gate.prove")(function*(subject: ProofSubject, folder: string) {
  const outcomes = yield* Effect.forEach(
    modelsFor(subject.traits),
    (model) => tryModel(subject, model, `${folder}/${model}`),
    { concurrency: 2 }
  )
  return {
    gate: outcomes.flatMap((outcome) => outcome.gate),
    sandbox: outcomes.flatMap((outcome) => outcome.sandbox)
  } satisfies ProofOutcome
}, Effect.scoped)

const tryModel = Effect.fn("Gate.tryModel")(function*(subject: ProofSubject, name: string, folder: string) {
  const processes = yield* Processes
  const host = yield* Host
  const stage = yield* setStage(folder)
  const offered = new Set<string>()
  const ports: Array<number> = []
  const model = yield* ScriptedModel.make((turn) => {
    for (const tool of turn.tools) offered.add(tool)
    return proofScript(stage, ports[0] ?? 0)(turn)
  })
  ports.push(Number(new URL(model.url).port))
  const env = { ...host.env, [`${canary.toUpperCase().replaceAll("-", "_")}_TOKEN`]: canary }
  const { args } = commandLine({
    traits: subject.traits,
    prompt: "prove",
    worktree: stage.worktree,
    checkout: stage.worktree,
    sandbox: "workspace-write",
    network: false,
    writableRoots: [stage.home, stage.tmpdir],
    commandEnvironment: commandEnvironment(env, {
      worktree: stage.worktree,
      home: stage.home,
      tmpdir: stage.tmpdir,
      commandEnv: {}
    }),
    developerInstructions: "A proof of the policy gate.",
    model: name,
    ephemeral: true,
    inheritUserConfig: false,
    usersCodexHome: false,
    codexConfig: model.codexConfig,
    gate: { config: hookSettings(subject.command, subject.hash) }
  })
  const end = yield* Effect.either(processes.run({
    command: subject.binary,
    args,
    cwd: stage.worktree,
    env: {
      ...codexEnvironment({ ...env, ...model.codexEnvironment, CODEX_API_KEY: undefined }, {
        passthrough: [],
        codexHome: stage.codexHome
      }),
      [`${canary.toUpperCase().replaceAll("-", "_")}_TOKEN`]: canary,
      // What Codex's sandbox leaves there goes with the stage.
      TMPDIR: stage.codexHome,
      [policyVariable]: stage.policyFile
    },
    timeout: "90 seconds",
    maxOutputBytes: 16 * 1024 * 1024,
    stop: { signal: "SIGINT", grace: "2 seconds" }
  }))
  const said = end._tag === "Left" ? end.left.message : end.right.stderr
  const ended = end._tag === "Right" && end.right.code === 0
  const outcome = yield* judge(stage, [...offered], ended ? "" : said)
  const tell = (text: string) => `${name}: ${text}`
  return { gate: outcome.gate.map(tell), sandbox: outcome.sandbox.map(tell) } satisfies ProofOutcome
})

interface Stage extends ProofFolders {
  readonly home: string
  readonly tmpdir: string
  readonly codexHome: string
  readonly policyFile: string
  readonly log: string
}

const setStage = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const processes = yield* Processes
  const stage: Stage = {
    worktree: `${folder}/worktree`,
    outside: `${folder}/outside`,
    home: `${folder}/home`,
    tmpdir: `${folder}/tmp`,
    codexHome: `${folder}/codex-home`,
    policyFile: `${folder}/policy.json`,
    log: `${folder}/gate.jsonl`
  }
  const host = yield* Host
  for (const path of [`${stage.worktree}/allowed`, stage.outside, stage.home, stage.tmpdir, stage.codexHome]) {
    yield* fs.makeDirectory(path, { recursive: true, mode: 0o700 })
  }
  const policy: GatePolicy = {
    worktree: stage.worktree,
    allowedCommands: [probeCommand],
    allowReadOnly: true,
    allowedPaths: proofPaths,
    protectedPaths: [],
    disposablePaths: [],
    searchPath: host.env["PATH"] ?? "",
    log: stage.log
  }
  yield* fs.writeFileString(stage.policyFile, JSON.stringify(policy), { mode: 0o600 })
  yield* fs.writeFileString(`${stage.worktree}/probe.mjs`, probeSource(stage))
  yield* fs.writeFileString(`${stage.worktree}/allowed/moved.txt`, "text\n")
  // Whatever shell runs the commands: none of its start-up files may be read.
  for (const name of [".profile", ".bash_profile", ".bashrc", ".zshenv", ".zshrc"]) {
    yield* fs.writeFileString(`${stage.home}/${name}`, `export CODEX_RUNNER_STARTUP_FILE=${canary}\n`)
  }
  yield* processes.run({
    command: "git",
    args: ["init", "--quiet", stage.worktree],
    cwd: folder,
    env: { PATH: host.env["PATH"] ?? "", HOME: os.tmpdir(), GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    timeout: "20 seconds",
    maxOutputBytes: 100_000
  })
  return stage
})

const judge = Effect.fnUntraced(function*(stage: Stage, offered: ReadonlyArray<string>, failure: string) {
  const fs = yield* FileSystem.FileSystem
  const files = [
    ...(yield* fs.readDirectory(stage.worktree, { recursive: true })),
    ...(yield* fs.readDirectory(stage.outside, { recursive: true }))
  ]
  const happened = files.filter((file) => file.slice(file.lastIndexOf("/") + 1).startsWith(forbiddenMark))
  const log = yield* readGateLog(stage.log)
  const denied = log.filter((entry) => !entry.allow).length
  const unknown = offered.filter((tool) => !knownTools.has(tool) && !isAgentTool(tool))
  const seen = yield* fs.readFileString(`${stage.worktree}/allowed/seen.json`).pipe(
    Effect.map(Schema.decodeUnknownOption(Seen)),
    Effect.orElseSucceed(() => Option.none())
  )
  const isEdited = files.includes("allowed/edited.txt")
  const mayEdit = log.some((entry) => entry.allow && entry.edit === true)
  const gate = [
    ...(failure === ""
      ? []
      : [`Codex did not end well: ${failure.trim().split("\n").slice(-2).join(" ").slice(0, 400)}`]),
    ...happened.map((file) => `a forbidden call was carried out (${file})`),
    ...(log.length === 0 ? ["the gate was never asked"] : []),
    ...(log.length > 0 && denied < forbiddenCount
      ? [`only ${denied} of ${forbiddenCount} forbidden calls were denied`]
      : []),
    ...(isEdited || mayEdit ? [] : ["an allowed edit was not made"]),
    ...(unknown.length === 0 ? [] : [`Codex offers tools that the gate was never tried with: ${unknown.join(", ")}`])
  ]
  return {
    gate,
    sandbox: [
      // What the gate let through, Codex makes in its sandbox.
      ...(mayEdit && !isEdited ? ["an allowed edit could not be made in Codex's sandbox"] : []),
      ...judgeSandbox(seen, log)
    ]
  } satisfies ProofOutcome
})

const judgeSandbox = (
  seen: Option.Option<typeof Seen.Type>,
  log: ReadonlyArray<GateEntry>
): ReadonlyArray<string> => {
  if (Option.isNone(seen)) {
    const wasAllowed = log.some((entry) => entry.allow && entry.what.startsWith(`${probeCommand} seen`))
    return [wasAllowed ? "an allowed command could not run in Codex's sandbox" : "an allowed command was not run"]
  }
  const { capabilities, env, network, writes } = seen.value
  const leaked = Object.entries(env).filter(([, value]) => value.includes(canary)).map(([name]) => name)
  return [
    ...(writes.sharedTemp ? ["commands can write to the shared temp folder"] : []),
    ...(writes.outside ? ["commands can write outside the worktree"] : []),
    ...(writes.git ? ["commands can write to the repository's git folder"] : []),
    ...(writes.home && writes.tmpdir ? [] : ["commands can't write to their own HOME and TMPDIR"]),
    ...(network ? ["commands reach the network"] : []),
    // Some versions leave root its capabilities: a command could then mount its way out.
    ...(capabilities === null || /^0+$/.test(capabilities) ? [] : [`commands have capabilities (${capabilities})`]),
    ...(leaked.length === 0 ? [] : [`commands see what they must not: ${leaked.join(", ")}`])
  ]
}
