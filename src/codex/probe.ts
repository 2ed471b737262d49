/** What a Codex binary is and can do, asked once and cached by the binary's identity. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { Processes } from "../process/Processes.ts"
import type { CodexBinary } from "./locate.ts"

/**
 * The oldest that can be held safely (one before it runs commands by whatever shell the model names, also by a file of
 * the worktree's), the oldest that confines what commands read, and the newest that was tried.
 */
export const supportedVersions = { oldest: "0.149.0", full: "0.150.0", newestTried: "0.169.0" } as const

/** What a Codex binary says of itself. */
export const CodexTraits = Schema.Struct({
  version: Schema.String,
  /** Names that `--disable` takes; any other is fatal. */
  features: Schema.Array(Schema.String),
  /** Those of them that are on by default. */
  enabled: Schema.Array(Schema.String)
})
export type CodexTraits = typeof CodexTraits.Type

/** What answers to `codex_command` is no Codex that can be used. */
export class CodexUnusable extends Schema.TaggedError<CodexUnusable>()("CodexUnusable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the Codex CLI at ${this.path} can't be used: ${this.reason}`
  }
}

/** Versions compared by their numbers; a pre-release counts as its release. */
export const compareVersions = (a: string, b: string): number => {
  const numbers = (version: string) => version.split("-")[0]?.split(".").map(Number) ?? []
  const [left, right] = [numbers(a), numbers(b)]
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Lines of `codex features list`: name, stage in one or two words, `true` or `false`. */
export const parseFeatures = (output: string): { readonly all: Array<string>; readonly enabled: Array<string> } => {
  const all: Array<string> = []
  const enabled: Array<string> = []
  for (const line of output.split("\n")) {
    const [, name, state] = /^([a-z0-9_.]+)\s+.*\s(true|false)\s*$/.exec(line) ?? []
    if (name === undefined) continue
    all.push(name)
    if (state === "true") enabled.push(name)
  }
  return { all, enabled }
}

const cached = Schema.parseJson(CodexTraits)

/** Asks the binary, or the cache in `cacheFolder`. Refuses a Codex that is too old. */
export const probeCodex = Effect.fn("Codex.probe")(function*(options: {
  readonly binary: CodexBinary
  readonly cacheFolder: string
  readonly env: Readonly<Record<string, string>>
}) {
  const fs = yield* FileSystem.FileSystem
  const { binary, cacheFolder } = options
  const key = createHash("sha256").update(`${binary.path}\n${binary.fingerprint}`).digest("hex").slice(0, 24)
  const file = `${cacheFolder}/codex-${key}.json`
  const known = yield* fs.readFileString(file).pipe(
    Effect.map(Schema.decodeUnknownEither(cached)),
    Effect.orElseSucceed(() => Either.left(undefined))
  )
  if (Either.isRight(known)) return yield* recentEnough(binary, known.right)
  const traits = yield* ask(options)
  yield* fs.makeDirectory(cacheFolder, { recursive: true, mode: 0o700 }).pipe(
    Effect.zipRight(fs.writeFileString(file, JSON.stringify(traits), { mode: 0o600 })),
    Effect.ignore
  )
  return traits
})

/** Asked of what was cached as well: an older runner may have been content with less. */
const recentEnough = <A extends { readonly version: string }>({ path }: CodexBinary, traits: A) =>
  compareVersions(traits.version, supportedVersions.oldest) >= 0
    ? Effect.succeed(traits)
    : new CodexUnusable({
      path,
      reason:
        `version ${traits.version} is too old, ${supportedVersions.oldest} or newer is needed. Update it with: npm install -g @openai/codex@latest`
    })

const ask = Effect.fnUntraced(function*(options: {
  readonly binary: CodexBinary
  readonly env: Readonly<Record<string, string>>
}) {
  const processes = yield* Processes
  const { path } = options.binary
  const unusable = (reason: string) => new CodexUnusable({ path, reason })
  const run = (...args: ReadonlyArray<string>) =>
    processes.run({
      command: path,
      args,
      cwd: "/",
      env: options.env,
      timeout: "20 seconds",
      maxOutputBytes: 1024 * 1024
    }).pipe(
      Effect.mapError((error) => unusable(error.message)),
      Effect.filterOrFail(
        (end) => end.code === 0,
        (end) =>
          unusable(
            [`\`codex ${args.join(" ")}\` ended with ${end.code ?? end.signal}`, end.stderr.trim().slice(0, 300)]
              .filter((part) => part !== "").join(": ")
          )
      ),
      Effect.map((end) => new TextDecoder().decode(end.stdout))
    )
  const said = yield* run("--version")
  const version = /(\d+\.\d+\.\d+(?:-[\w.]+)?)/.exec(said)?.[1]
  if (version === undefined) return yield* unusable(`it says no version: ${said.trim().slice(0, 100)}`)
  yield* recentEnough(options.binary, { version })
  const features = parseFeatures(yield* run("features", "list"))
  return { version, features: features.all, enabled: features.enabled } satisfies CodexTraits
})
