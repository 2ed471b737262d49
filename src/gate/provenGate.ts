/** Whether the gate is proven on a Codex binary, and how far its sandbox goes: proven once, and kept by what it hangs on. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import * as path from "node:path"
import type { CodexBinary } from "../codex/locate.ts"
import type { CodexTraits } from "../codex/probe.ts"
import { codexEnvironment } from "../policy/environment.ts"
import { bootId } from "../process/bootId.ts"
import type { Containment } from "../process/containment.ts"
import { holdingLock } from "../process/fileLock.ts"
import { Host } from "../process/Host.ts"
import { ownMark } from "../store/ownMark.ts"
import { askTrustedHash, isHookTrusted, systemConfiguration } from "./hookTrust.ts"
import { machineTraits } from "./machine.ts"
import { proveStrictest } from "./proveStrictest.ts"

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

export const notProven = (reason: string) => new GateNotProven({ gate: [reason], sandbox: [] })

/** The Codex that the gate is to hold, and where what is known of it is kept. */
export interface ProofOptions {
  readonly binary: CodexBinary
  readonly traits: CodexTraits
  /** For what is known of binaries; no task can write there. */
  readonly cacheFolder: string
  /** Proves anew what is proven already. */
  readonly anew?: boolean
}

/** What a proof gives. */
const Proven = Schema.Struct({
  /** By which Codex trusts the hook. */
  trusted_hash: Schema.String,
  /** Why commands can't be kept from reading; empty where they were. */
  open_reads: Schema.Array(Schema.String),
  /** What went wrong in the namespace that was offered; null where nothing did, or none was. */
  not_contained: Schema.NullOr(Schema.String)
})
type Proven = typeof Proven.Type

/** Proofs of another kind than this version's don't count. */
const proofVersion = 5

const Kept = Schema.parseJson(Schema.Struct({
  proven: Proven,
  /** Over it, what it is for, and the machine's own configuration of Codex as it was when Codex last trusted the hook. */
  seal: Schema.String
}))

/** Proven on this very binary with this very program, in a namespace where one is offered, now or earlier. */
export const provenGate = Effect.fnUntraced(function*(
  options: ProofOptions,
  command: string,
  hookSha256: string,
  offer: Containment
) {
  const fs = yield* FileSystem.FileSystem
  const { env } = yield* Host
  const { binary, cacheFolder, traits } = options
  const binarySha256 = yield* hashOfBinary(binary, cacheFolder)
  const key = createHash("sha256").update(
    [proofVersion, binarySha256, hookSha256, command, machineTraits(env["SHELL"]), ...kernelOf(offer)].join("\n")
  ).digest("hex").slice(0, 24)
  const file = `${cacheFolder}/proof-${key}.json`
  if (!traits.enabled.includes("hooks")) {
    return yield* notProven(`Codex ${traits.version} has no hooks, or has them switched off`)
  }
  const system = systemConfiguration()
  const sealOf = ({ not_contained, open_reads, trusted_hash }: Proven) =>
    createHash("sha256").update(JSON.stringify([key, trusted_hash, open_reads, not_contained, system ?? ""])).digest(
      "hex"
    )
  const look = fs.readFileString(file).pipe(
    Effect.flatMap(Schema.decodeUnknown(Kept)),
    Effect.option,
    Effect.map((kept) => ({
      kept,
      counts: Option.filter(kept, ({ proven, seal }) => system !== undefined && seal === sealOf(proven))
    }))
  )
  const keep = (proven: Proven) =>
    Effect.as(fs.writeFileString(file, JSON.stringify({ proven, seal: sealOf(proven) }), { mode: 0o600 }), proven)
  const folder = `${cacheFolder}/proof-${ownMark()}-${randomBytes(4).toString("hex")}`
  const asked = {
    binary: binary.path,
    traits,
    env: {
      ...codexEnvironment({ ...env, CODEX_API_KEY: undefined }, { passthrough: [], codexHome: `${folder}/home` }),
      TMPDIR: folder
    },
    folder,
    command
  }
  const prove = (kept: Option.Option<typeof Kept.Type>) =>
    Effect.acquireUseRelease(
      fs.makeDirectory(`${folder}/home`, { recursive: true, mode: 0o700 }),
      () =>
        Effect.gen(function*() {
          // A hash that is no longer the right one, or a system that forbids hooks now, would go unnoticed in a run.
          if (Option.isSome(kept)) {
            const { proven } = kept.value
            if (yield* isHookTrusted(asked, proven.trusted_hash)) return yield* keep(proven)
          }
          const hash = yield* askTrustedHash(asked)
          const outcome = yield* proveStrictest({ binary: binary.path, traits, command, hash }, offer, folder)
          if (outcome.gate.length > 0 || outcome.sandbox.length > 0) return yield* new GateNotProven(outcome)
          return yield* keep({
            trusted_hash: hash,
            open_reads: outcome.openReads,
            not_contained: outcome.notContained
          })
        }),
      () => Effect.ignore(fs.remove(folder, { recursive: true, force: true }))
    )
  if (options.anew === true) return yield* prove(Option.none())
  const { counts } = yield* look
  if (Option.isSome(counts)) return counts.value.proven
  // Another runner may prove it meanwhile.
  const proveUnlessKnown = Effect.flatMap(
    look,
    ({ counts, kept }) => Option.isSome(counts) ? Effect.succeed(counts.value.proven) : prove(kept)
  )
  // Runners that start together wait for the first one's proof; where nobody can lock, or it takes long, each makes its own.
  return yield* holdingLock(`${cacheFolder}/proof.lock`)(proveUnlessKnown).pipe(
    Effect.catchTag("LockFailed", () => proveUnlessKnown)
  )
})

/** What a proof inside a namespace is worth: as much as the kernel that was booted, and the flags. */
const kernelOf = (offer: Containment): ReadonlyArray<string> =>
  offer._tag === "Group" ? [] : [bootId() ?? "", ...offer.unshare]

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
