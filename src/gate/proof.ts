/**
 * The proof: the real Codex binary, offline, with a model that tries forbidden
 * and allowed things. Only where every forbidden one left no trace, and every
 * allowed one did, is the gate believed.
 */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import { commandLine } from "../codex/invocation.ts"
import type { CodexTraits } from "../codex/probe.ts"
import { codexEnvironment, commandEnvironment } from "../policy/environment.ts"
import type { Containment } from "../process/containment.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import * as ScriptedModel from "../scripted/ScriptedModel.ts"
import { hookSettings } from "./hookCommand.ts"
import { policyVariable } from "./policyFile.ts"
import { judgeProof, type ProofOutcome } from "./proofJudge.ts"
import { canary, proofScript } from "./proofPlan.ts"
import { setStage } from "./proofStage.ts"

export interface ProofSubject {
  readonly binary: string
  readonly traits: CodexTraits
  /** The hook's command, and the hash that makes Codex trust it. */
  readonly command: string
  readonly hash: string
  readonly containment: Containment
  /** Whether commands are to be kept from reading what they should not. */
  readonly confined: boolean
}

/** A classic model, and one in Code Mode. */
const models = ["gpt-5.5", "gpt-5.6-sol"]

/** Tries the binary in `folder`, which must not exist, is outside the temp folders, and is left for the caller to remove. */
export const proveGate = Effect.fn("Gate.prove")(function*(subject: ProofSubject, folder: string) {
  const outcomes = yield* Effect.forEach(
    models,
    (model) => tryModel(subject, model, `${folder}/${model}`),
    { concurrency: 2 }
  )
  return {
    gate: outcomes.flatMap((outcome) => outcome.gate),
    sandbox: outcomes.flatMap((outcome) => outcome.sandbox),
    reads: outcomes.flatMap((outcome) => outcome.reads)
  } satisfies ProofOutcome
}, Effect.scoped)

const tryModel = Effect.fn("Gate.tryModel")(function*(subject: ProofSubject, name: string, folder: string) {
  const processes = yield* Processes
  const host = yield* Host
  const stage = yield* setStage(folder, subject.confined)
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
    writableRoots: [stage.home],
    ...(stage.unreadable === undefined ? {} : { unreadable: stage.unreadable }),
    commandEnvironment: commandEnvironment(env, {
      worktree: stage.worktree,
      home: stage.home,
      sandboxTmpdir: path.dirname(stage.home),
      commandEnv: {}
    }),
    developerInstructions: "A proof of the policy gate.",
    model: name,
    ephemeral: true,
    inheritUserConfig: false,
    usersCodexHome: false,
    codexConfig: model.codexConfig,
    guided: false,
    gate: { config: hookSettings(subject.command, subject.hash) }
  })
  const end = yield* Effect.either(processes.run({
    command: subject.binary,
    args,
    containment: subject.containment,
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
  const { gate, reads, sandbox } = yield* judgeProof(stage, [...offered], ended ? "" : said)
  const tell = (text: string) => `${name}: ${text}`
  return { gate: gate.map(tell), sandbox: sandbox.map(tell), reads: reads.map(tell) } satisfies ProofOutcome
})
