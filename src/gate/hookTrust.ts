/** The hash under which Codex trusts our hook, asked of the very binary and command it is for. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readdirSync, statSync } from "node:fs"
import * as path from "node:path"
import { withoutUnwanted } from "../codex/invocation.ts"
import type { CodexTraits } from "../codex/probe.ts"
import { splitLines } from "../process/lines.ts"
import { Processes } from "../process/Processes.ts"
import { hookKey, hookSettings } from "./hookCommand.ts"

/** Where an administrator can forbid hooks to every Codex of the machine. */
const systemFolder = "/etc/codex"

/**
 * What the machine's own configuration of Codex looks like from outside;
 * undefined where it can't be known: macOS keeps it in a database as well.
 */
export const systemConfiguration = (folder: string = systemFolder): string | undefined => {
  if (process.platform !== "linux") return undefined
  try {
    return readdirSync(folder).sort().map((name) => {
      const { ctimeMs, mtimeMs, size } = statSync(path.join(folder, name))
      return `${name} ${size} ${mtimeMs} ${ctimeMs}`
    }).join("\n")
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT" ? "" : undefined
  }
}

/** Codex would not take the hook. */
export class HookUntrusted extends Schema.TaggedError<HookUntrusted>()("HookUntrusted", { reason: Schema.String }) {
  override get message(): string {
    return `Codex does not take the policy gate's hook: ${this.reason}`
  }
}

const Answer = Schema.parseJson(Schema.Struct({
  id: Schema.Literal(2),
  result: Schema.Struct({
    data: Schema.Array(Schema.Struct({
      hooks: Schema.Array(Schema.Struct({
        key: Schema.String,
        currentHash: Schema.String,
        trustStatus: Schema.String
      }))
    }))
  })
}))

const decodeAnswer = Schema.decodeUnknownOption(Answer)

export interface AskOptions {
  readonly binary: string
  readonly traits: CodexTraits
  readonly env: Readonly<Record<string, string>>
  /** Any folder. */
  readonly folder: string
  /** The hook's command. */
  readonly command: string
}

/** Asks for the hash, then asks again with it, and wants to see exactly one hook, trusted. */
export const askTrustedHash = Effect.fn("Gate.askTrustedHash")(function*(options: AskOptions) {
  const untrusted = yield* ask(options, undefined)
  const trusted = yield* ask(options, untrusted.currentHash)
  return trusted.trustStatus === "trusted" && trusted.currentHash === untrusted.currentHash
    ? untrusted.currentHash
    : yield* new HookUntrusted({ reason: `it says "${trusted.trustStatus}" of a hook with its own hash` })
})

/** Whether Codex still trusts the hook by this hash: it skips one that it doesn't without a word. */
export const isHookTrusted = Effect.fn("Gate.isHookTrusted")(function*(options: AskOptions, hash: string) {
  const hook = yield* Effect.option(ask(options, hash))
  return Option.exists(hook, ({ currentHash, trustStatus }) => trustStatus === "trusted" && currentHash === hash)
})

const ask = Effect.fnUntraced(
  function*(options: AskOptions, hash: string | undefined) {
    const processes = yield* Processes
    const answered = yield* Deferred.make<void>()
    const messages = [
      { id: 1, method: "initialize", params: { clientInfo: { name: "codex-runner", version: "0" } } },
      { method: "initialized" },
      { id: 2, method: "hooks/list", params: { cwds: [options.folder] } }
    ].map((message) => `${JSON.stringify(message)}\n`).join("")
    // Codex leaves at the end of its input, answered or not.
    const stdin = Stream.make(new TextEncoder().encode(messages)).pipe(
      Stream.concat(Stream.drain(Stream.fromEffect(Deferred.await(answered))))
    )
    const child = yield* processes.spawn({
      command: options.binary,
      args: [
        ...hookSettings(options.command, hash).flatMap((setting) => ["-c", setting]),
        // Left to itself it would go and look for plugins on the network.
        ...withoutUnwanted(options.traits),
        "app-server"
      ],
      cwd: options.folder,
      env: options.env,
      stdin,
      stop: { signal: "SIGKILL", grace: "1 second" }
    })
    yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(child.stderr)))
    const answer = yield* child.stdout.pipe(
      splitLines({ maxBytes: 1024 * 1024 }),
      Stream.filterMap((line) => decodeAnswer(line.text)),
      Stream.runHead,
      Effect.ensuring(Deferred.succeed(answered, undefined))
    )
    const hooks = Option.toArray(answer).flatMap(({ result }) => result.data.flatMap((one) => one.hooks))
    const [hook, ...others] = hooks
    if (hook === undefined || others.length > 0 || hook.key !== hookKey) {
      return yield* new HookUntrusted({ reason: `it lists ${hooks.length} hooks, one is expected` })
    }
    return hook
  },
  Effect.scoped,
  Effect.timeoutFail({
    duration: "20 seconds",
    onTimeout: () => new HookUntrusted({ reason: "it did not answer within 20 s" })
  }),
  Effect.catchTags({
    SpawnFailed: (error) => new HookUntrusted({ reason: error.message }),
    ProcessFailed: (error) => new HookUntrusted({ reason: error.message })
  })
)
