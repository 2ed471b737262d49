/**
 * The gate: a hook that Codex asks before each tool use. It is believed only on
 * a Codex binary on which it was proven.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { createHash, randomBytes } from "node:crypto"
import { createReadStream, existsSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import type { CodexBinary } from "../codex/locate.ts"
import type { CodexTraits } from "../codex/probe.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { codexEnvironment } from "../policy/environment.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import { hookCommand, hookSettings } from "./hookCommand.ts"
import { askTrustedHash, isHookTrusted } from "./hookTrust.ts"
import { type GatePolicy, policyVariable } from "./policyFile.ts"
import { proveGate } from "./proof.ts"

/** Denial before execution can't be relied on with this Codex: what went wrong, gate and sandbox told apart. */
export class GateNotProven extends Schema.TaggedError<GateNotProven>()("GateNotProven", {
  gate: Schema.Array(Schema.String),
  sandbox: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const parts = [
      ...(this.gate.length === 0 ? [] : [`the policy gate did not hold (${this.gate.slice(0, 3).join("; ")})`]),
      ...(this.sandbox.length === 0 ? [] : [`Codex's sandbox did not hold (${this.sandbox.slice(0, 3).join("; ")})`])
    ]
    return `Denial before execution can't be proven on this Codex: ${parts.join(", and ")}.`
  }
}

export interface ArmOptions {
  readonly binary: CodexBinary
  readonly traits: CodexTraits
  /** For what is known of binaries; no task can write there. */
  readonly cacheFolder: string
  /** Proves anew what is proven already. */
  readonly anew?: boolean
}

/** A gate that holds. */
export interface ArmedGate {
  /** `-c` settings of every invocation. */
  readonly settings: ReadonlyArray<string>
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

export class PolicyNotWritten extends Schema.TaggedError<PolicyNotWritten>()("PolicyNotWritten", {
  reason: Schema.String
}) {
  override get message(): string {
    return `the gate's policy for this task can't be written: ${this.reason}`
  }
}

/** The gate's log in a task's folder. */
export const gateLogIn = (folder: string): string => `${folder}/gate.jsonl`

export class Gate extends Context.Tag("codex-runner/Gate")<
  Gate,
  { readonly arm: (options: ArmOptions) => Effect.Effect<ArmedGate, GateNotProven> }
>() {
  static readonly layer = Layer.effect(
    Gate,
    Effect.gen(function*() {
      const context = yield* Effect.context<FileSystem.FileSystem | Processes | Host>()
      return Gate.of({ arm: (options) => Effect.provide(arm(options), context) })
    })
  )
}

const notProven = (reason: string) => new GateNotProven({ gate: [reason], sandbox: [] })

const arm = Effect.fn("Gate.arm")(
  function*(asked: ArmOptions) {
    const fs = yield* FileSystem.FileSystem
    yield* fs.makeDirectory(asked.cacheFolder, { recursive: true, mode: 0o700 })
    // One path for one folder: the hook's command names it, and the proof is of that command.
    const options = { ...asked, cacheFolder: yield* fs.realPath(asked.cacheFolder) }
    const hook = yield* installHook(options.cacheFolder)
    const command = hookCommand(process.execPath, hook.path)
    const trustedHash = yield* provenHash(options, command, hook.sha256)
    return {
      settings: hookSettings(command, trustedHash),
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
          const file = `${folder}/gate-policy.json`
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
    HookUntrusted: (error) => notProven(error.message),
    ScriptedModelFailed: (error) => notProven(error.message),
    SpawnFailed: (error) => notProven(error.message),
    ProcessFailed: (error) => notProven(error.message),
    ProcessTimedOut: (error) => notProven(error.message),
    OutputLimit: (error) => notProven(error.message)
  })
)

/** Where a build puts the program, seen from wherever this module ended up. */
const hookSource = (): string | undefined =>
  ["./hook.mjs", "../gate/hook.mjs", "../../gate/hook.mjs", "../../dist/gate/hook.mjs"]
    .map((relative) => fileURLToPath(new URL(relative, import.meta.url))).find((file) => existsSync(file))

/** A copy of the hook program under its own hash: an update of the package in mid-run changes nothing. */
const installHook = Effect.fnUntraced(function*(cacheFolder: string) {
  const fs = yield* FileSystem.FileSystem
  const source = hookSource()
  if (source === undefined) return yield* notProven("the gate's program is missing from this installation")
  const bytes = yield* fs.readFile(source)
  const sha256 = createHash("sha256").update(bytes).digest("hex")
  const installed = `${cacheFolder}/gate-${sha256.slice(0, 16)}.mjs`
  const current = yield* fs.readFile(installed).pipe(Effect.orElseSucceed(() => new Uint8Array()))
  if (Buffer.compare(current, bytes) !== 0) {
    yield* fs.makeDirectory(cacheFolder, { recursive: true, mode: 0o700 })
    const draft = `${installed}.${randomBytes(4).toString("hex")}`
    yield* fs.writeFile(draft, bytes, { mode: 0o400 })
    yield* fs.rename(draft, installed)
  }
  return { path: installed, sha256 }
})

/** Proofs of another kind than this version's don't count. */
const proofVersion = 3

const Proof = Schema.parseJson(Schema.Struct({ trusted_hash: Schema.String }))

/** The trusted hash, once the gate is proven on this very binary with this very program. */
const provenHash = Effect.fnUntraced(function*(options: ArmOptions, command: string, hookSha256: string) {
  const fs = yield* FileSystem.FileSystem
  const { env } = yield* Host
  const { binary, cacheFolder, traits } = options
  const binarySha256 = yield* hashOfBinary(binary, cacheFolder)
  const key = createHash("sha256").update(
    [proofVersion, binarySha256, hookSha256, command, process.getuid?.() ?? 0].join("\n")
  ).digest("hex").slice(0, 24)
  const file = `${cacheFolder}/proof-${key}.json`
  const known = yield* fs.readFileString(file).pipe(
    Effect.map(Schema.decodeUnknownEither(Proof)),
    Effect.orElseSucceed(() => Either.left(undefined))
  )
  if (!traits.enabled.includes("hooks")) {
    return yield* notProven(`Codex ${traits.version} has no hooks, or has them switched off`)
  }
  const folder = `${cacheFolder}/proof-${process.pid}-${randomBytes(4).toString("hex")}`
  const asked = {
    binary: binary.path,
    env: {
      ...codexEnvironment({ ...env, CODEX_API_KEY: undefined }, { passthrough: [], codexHome: `${folder}/home` }),
      TMPDIR: folder
    },
    folder,
    command
  }
  return yield* Effect.acquireUseRelease(
    fs.makeDirectory(`${folder}/home`, { recursive: true, mode: 0o700 }),
    () =>
      Effect.gen(function*() {
        // A hash that is no longer the right one, or a system that forbids hooks now, would go unnoticed in a run.
        if (options.anew !== true && Either.isRight(known)) {
          const { trusted_hash } = known.right
          if (yield* isHookTrusted(asked, trusted_hash)) return trusted_hash
        }
        const hash = yield* askTrustedHash(asked)
        const outcome = yield* proveGate({ binary: binary.path, traits, command, hash }, folder)
        if (outcome.gate.length > 0 || outcome.sandbox.length > 0) return yield* new GateNotProven(outcome)
        yield* fs.writeFileString(file, JSON.stringify({ trusted_hash: hash, proven_at: new Date().toISOString() }), {
          mode: 0o600
        })
        return hash
      }),
    () => Effect.ignore(fs.remove(folder, { recursive: true, force: true }))
  )
})

const Remembered = Schema.parseJson(Schema.Struct({ sha256: Schema.String }))

/** The binary's own hash: 300 MB are read once for each file as it lies on disk. */
const hashOfBinary = Effect.fnUntraced(function*(binary: CodexBinary, cacheFolder: string) {
  const fs = yield* FileSystem.FileSystem
  const key = createHash("sha256").update(`${binary.path}\n${binary.fingerprint}`).digest("hex").slice(0, 24)
  const file = path.join(cacheFolder, `hash-${key}.json`)
  const known = yield* fs.readFileString(file).pipe(
    Effect.map(Schema.decodeUnknownEither(Remembered)),
    Effect.orElseSucceed(() => Either.left(undefined))
  )
  if (Either.isRight(known)) return known.right.sha256
  const sha256 = yield* Effect.tryPromise({
    try: async () => {
      const hash = createHash("sha256")
      for await (const chunk of createReadStream(binary.path, { highWaterMark: 1024 * 1024 })) hash.update(chunk)
      return hash.digest("hex")
    },
    catch: (cause) => notProven(`the Codex binary can't be read: ${String(cause)}`)
  })
  yield* fs.writeFileString(file, JSON.stringify({ sha256 }), { mode: 0o600 })
  return sha256
})
