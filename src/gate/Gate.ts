/**
 * The gate: a hook that Codex asks before each tool use. It is believed only on
 * a Codex binary on which it was proven.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as path from "node:path"
import type { AdmittedTask } from "../domain/Task.ts"
import type { Containment } from "../process/containment.ts"
import { Host } from "../process/Host.ts"
import { offerContainment } from "../process/offerContainment.ts"
import type { Processes } from "../process/Processes.ts"
import { servicesAtHand } from "../telemetry/spans.ts"
import { gateLogIn, policyIn } from "./gateLog.ts"
import { hookCommand, hookSettings } from "./hookCommand.ts"
import { installHook } from "./installHook.ts"
import { type GatePolicy, policyVariable } from "./policyFile.ts"
import { type GateNotProven, notProven, type ProofOptions, provenGate } from "./provenGate.ts"
import { heldBy } from "./proveStrictest.ts"

/** A gate that holds. */
export interface ArmedGate {
  /** Why Codex's sandbox can't confine what commands read; empty where it was proven to. */
  readonly openReads: ReadonlyArray<string>
  /** `-c` settings of every invocation. */
  readonly settings: ReadonlyArray<string>
  /** How Codex was held together in the proof: it must be so in a run. */
  readonly containment: Containment
  /** Writes a task's policy and gives the variables by which the hook finds it. */
  readonly forTask: (options: {
    readonly task: AdmittedTask
    readonly worktree: string
    readonly allowReadOnly: boolean
    /** PATH of the model's commands. */
    readonly searchPath: string
    /** Holds the policy and the gate's log. No task can write there. */
    readonly folder: string
  }) => Effect.Effect<Readonly<Record<string, string>>, PolicyNotWritten>
}

/** A task's policy could not be put where the hook finds it: the task is not started. */
export class PolicyNotWritten extends Schema.TaggedError<PolicyNotWritten>()("PolicyNotWritten", {
  reason: Schema.String
}) {
  override get message(): string {
    return `the gate's policy for this task can't be written: ${this.reason}`
  }
}

/** Makes sure that Codex asks before each tool use, or says that it does not. */
export class Gate extends Context.Tag("codex-runner/Gate")<
  Gate,
  { readonly arm: (options: ProofOptions) => Effect.Effect<ArmedGate, GateNotProven> }
>() {
  static readonly layer = Layer.effect(
    Gate,
    Effect.gen(function*() {
      const context = yield* servicesAtHand<FileSystem.FileSystem | Processes | Host>()
      return Gate.of({ arm: (options) => Effect.provide(arm(options), context) })
    })
  )
}

const arm = Effect.fn("Gate.arm")(
  function*(asked: ProofOptions) {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(asked.cacheFolder, { recursive: true, mode: 0o700 })
    // One path for one folder: the hook's command names it, and the proof is of that command.
    const options = { ...asked, cacheFolder: yield* fs.realPath(asked.cacheFolder) }
    const { env } = yield* Host
    const [hook, offer] = yield* Effect.all([installHook(options.cacheFolder), offerContainment(env["PATH"])], {
      concurrency: 2
    })
    const command = hookCommand(process.execPath, hook.path, { codex: path.basename(options.binary.path) })
    const proven = yield* provenGate(options, command, hook.sha256, offer)
    return {
      openReads: proven.open_reads,
      settings: hookSettings(command, proven.trusted_hash),
      containment: heldBy(offer, proven.not_contained),
      forTask: Effect.fn("Gate.forTask")(
        function*({ allowReadOnly, folder, searchPath, task, worktree }) {
          const policy: GatePolicy = {
            worktree,
            allowedCommands: task.allowedCommands,
            allowReadOnly,
            allowedPaths: task.allowedPaths,
            protectedPaths: task.protectedPaths,
            disposablePaths: task.disposablePaths,
            searchPath,
            log: gateLogIn(folder)
          }
          const file = policyIn(folder)
          yield* fs.writeFileString(file, JSON.stringify(policy), { mode: 0o600 })
          return { [policyVariable]: file }
        },
        Effect.mapError((error) => new PolicyNotWritten({ reason: error.message }))
      )
    } satisfies ArmedGate
  },
  Effect.catchTags({
    SystemError: (error) => notProven(error.message),
    BadArgument: (error) => notProven(error.message),
    HookMissing: (error) => notProven(error.message),
    HookUntrusted: (error) => notProven(error.message),
    ScriptedModelFailed: (error) => notProven(error.message),
    SpawnFailed: (error) => notProven(error.message),
    ProcessFailed: (error) => notProven(error.message),
    ProcessTimedOut: (error) => notProven(error.message),
    OutputLimit: (error) => notProven(error.message)
  })
)
