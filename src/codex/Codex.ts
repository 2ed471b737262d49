/** The Codex CLI as a stream of typed events: one `codex exec` process for each task. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import * as path from "node:path"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { CodexEvent } from "../domain/CodexEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { codexEnvironment, commandEnvironment } from "../policy/environment.ts"
import * as BoundedTail from "../process/boundedTail.ts"
import type { Containment } from "../process/containment.ts"
import type { ProcessFailed, SpawnFailed } from "../process/failures.ts"
import { Host } from "../process/Host.ts"
import { type Exit, Processes, type ProcessSpec } from "../process/Processes.ts"
import { openCappedLog } from "../store/cappedLog.ts"
import { StoreFailed } from "../store/durable.ts"
import { servicesAtHand } from "../telemetry/spans.ts"
import { type Authentication, findAuthentication, type NotAuthenticated, usersCodexHome } from "./authentication.ts"
import { developerInstructions, goOn, isGuided, readingInstructions } from "./instructions.ts"
import { commandLine } from "./invocation.ts"
import { events } from "./jsonl.ts"
import { type CodexBinary, type CodexMissing, locateCodex } from "./locate.ts"
import { type CodexTraits, type CodexUnusable, compareVersions, probeCodex, supportedVersions } from "./probe.ts"
import { hasThread } from "./threads.ts"

/** What Codex does: its events in order, then how its process ended. */
export type CodexOutput =
  | { readonly _tag: "Event"; readonly event: CodexEvent }
  | { readonly _tag: "Ended"; readonly exit: Exit; readonly stderrTail: string }

/** A task for Codex, with the places it works in. */
export interface CodexJob {
  readonly task: AdmittedTask
  readonly worktree: string
  readonly checkout: string
  /** Of the task's own, writable for its commands, with `tmp` in it. */
  readonly home: string
  /** What its commands can't read, by real paths; null where that is not held. */
  readonly unreadable: ReadonlyArray<string> | null
  /** Where `events.jsonl` and `stderr.log` are kept. */
  readonly logFolder: string
  /** Lower priority for everything Codex starts. */
  readonly niceness: number | undefined
  /** How everything Codex starts is held together; its process group where absent. */
  readonly containment?: Containment
  /** What makes Codex ask the gate before each tool use; absent where it doesn't. */
  readonly gate:
    | { readonly settings: ReadonlyArray<string>; readonly env: Readonly<Record<string, string>> }
    | undefined
  /** For a task that only reads: the file of the JSON Schema that Codex must answer by. Absent where files may change. */
  readonly answerSchema?: string
  /** The thread of an earlier attempt that was interrupted, to go on with; its changes are in the worktree. */
  readonly thread?: string
}

/** Codex could not be started, read or logged. How it ended is no failure: that is an output. */
export type CodexFailed = SpawnFailed | ProcessFailed | StoreFailed

/** A Codex that was found, asked and authenticated: ready to be given tasks. */
export interface CodexSession {
  readonly version: string
  /** The binary that the gate must be proven on; null where no binary is run. */
  readonly subject: { readonly binary: CodexBinary; readonly traits: CodexTraits } | null
  /** PATH of the model's commands. */
  readonly searchPath: string
  readonly warnings: ReadonlyArray<string>
  readonly run: (job: CodexJob) => Stream.Stream<CodexOutput, CodexFailed>
  /** Whether Codex still has the record of a thread, so that a job can go on with it. */
  readonly hasThread: (thread: string) => boolean
}

/** Where a session keeps what it needs. */
export interface OpenOptions {
  /** A folder for this run alone, outside every place a task can write: Codex's home where it needs no login. */
  readonly home: string
  /** Where what was learned of a binary is cached. */
  readonly cacheFolder: string
}

/** The Codex CLI. */
export class Codex extends Context.Tag("codex-runner/Codex")<
  Codex,
  {
    /** Everything that must hold before Codex can be given a task, found out without network. */
    readonly open: (
      options: OpenOptions
    ) => Effect.Effect<CodexSession, CodexMissing | CodexUnusable | NotAuthenticated>
  }
>() {
  static readonly layer = Layer.effect(
    Codex,
    Effect.gen(function*() {
      const { env: host } = yield* Host
      const config = yield* RunnerConfig
      const context = yield* servicesAtHand<FileSystem.FileSystem | Processes>()
      const inheritUserConfig = config.codex_user_config === "inherit"
      // The user's own file is read only in the user's own home.
      const isInUsersHome = ({ authentication }: Found) => authentication._tag === "Login" || inheritUserConfig
      const homeOf = (found: Found) => isInUsersHome(found) ? usersCodexHome(host) : found.home

      const open = Effect.fn("Codex.open")(function*({ cacheFolder, home }: OpenOptions) {
        const fs = yield* FileSystem.FileSystem
        const binary = yield* locateCodex(config.codex_command, host["PATH"])
        const probeHome = `${cacheFolder}/probe-home`
        yield* Effect.ignore(fs.makeDirectory(probeHome, { recursive: true, mode: 0o700 }))
        const env = codexEnvironment(host, { passthrough: config.env_passthrough, codexHome: probeHome })
        const [probed, authenticated] = yield* Effect.all([
          probeCodex({ binary, cacheFolder, env }),
          findAuthentication({ binary, codexConfig: config.codex_config, host, env })
        ], { concurrency: 2, mode: "either" })
        // In this order: a login is asked for where there is a Codex that can use it.
        const [traits, authentication] = [yield* probed, yield* authenticated] as const
        const found: Found = { binary, traits, authentication, home }
        return {
          version: traits.version,
          subject: { binary, traits },
          searchPath: [...bundledTools(binary), commandEnvironment(host, nowhere)["PATH"] ?? ""].join(":"),
          warnings: versionWarnings(traits),
          run: (job) => Stream.provideContext(run(found, job), Context.add(context, RunnerConfig, config)),
          hasThread: (thread) => hasThread(homeOf(found), thread)
        } satisfies CodexSession
      })
      return Codex.of({ open: (options) => Effect.provide(open(options), context) })

      function run(found: Found, job: CodexJob) {
        const [{ binary, traits }, codexHome] = [found, homeOf(found)]
        const readsOnly = job.answerSchema !== undefined
        // Goes with the task: a Codex that is killed leaves what its sandbox keeps there.
        const scratch = path.dirname(job.home)
        const { args, stdin } = commandLine({
          traits,
          prompt: job.thread === undefined ? job.task.prompt : goOn,
          ...(job.thread === undefined ? {} : { thread: job.thread }),
          worktree: job.worktree,
          checkout: job.checkout,
          sandbox: readsOnly ? "read-only" : config.sandbox_mode,
          network: config.network_policy === "allow",
          writableRoots: [job.home],
          ...(job.unreadable === null ? {} : { unreadable: job.unreadable }),
          commandEnvironment: {
            ...commandEnvironment(host, {
              worktree: job.worktree,
              home: job.home,
              sandboxTmpdir: job.gate === undefined ? job.home : scratch,
              commandEnv: config.command_env
            }),
            ...taskMarker(job.task, job.worktree)
          },
          developerInstructions: readsOnly ? readingInstructions : developerInstructions(job.task),
          model: config.codex_model,
          // Nobody is told of a thread to resume.
          ephemeral: readsOnly || config.codex_ephemeral,
          inheritUserConfig,
          usersCodexHome: isInUsersHome(found),
          codexConfig: config.codex_config,
          guided: isGuided(job.worktree, config.codex_config),
          ...(job.answerSchema === undefined ? {} : { outputSchema: job.answerSchema }),
          ...(job.gate === undefined ? {} : { gate: { config: job.gate.settings } })
        })
        return streamOf(job, {
          command: binary.path,
          args,
          cwd: job.worktree,
          env: {
            ...codexEnvironment(host, { passthrough: config.env_passthrough, codexHome }),
            TMPDIR: scratch,
            ...taskMarker(job.task, job.worktree),
            ...job.gate?.env
          },
          // To SIGTERM and SIGKILL Codex answers by leaving unsandboxed commands alive.
          stop: { signal: "SIGINT", grace: "3 seconds" },
          ...(job.niceness === undefined ? {} : { niceness: job.niceness }),
          ...(job.containment === undefined ? {} : { containment: job.containment }),
          ...(stdin === undefined ? {} : { stdin: new TextEncoder().encode(stdin) })
        }, codexHome)
      }
    })
  )
}

interface Found {
  readonly binary: CodexBinary
  readonly traits: CodexTraits
  readonly authentication: Authentication
  readonly home: string
}

const nowhere = { worktree: "/nonexistent", home: "/nonexistent", sandboxTmpdir: "/nonexistent", commandEnv: {} }

/** Codex puts the tools it brings (ripgrep) in front of its commands' PATH. */
const bundledTools = (binary: CodexBinary): ReadonlyArray<string> => {
  const folder = path.join(path.dirname(path.dirname(binary.path)), "codex-path")
  return existsSync(folder) ? [folder] : []
}

/**
 * In the environment of everything a task starts, so that nothing of it can be
 * left behind unseen. The worktree tells it from a task of the same name in
 * another repository.
 */
export const taskMarker = (task: { readonly runId: string; readonly taskId: string }, worktree: string) => ({
  CODEX_RUNNER_TASK: `${task.runId}/${task.taskId}@${worktree}`
})

/** Characters of Codex's stderr kept in memory, more than is ever told, for it is masked first; the whole is in the log. */
export const maxStderrTail = 64_000

const streamOf = (job: CodexJob, spec: ProcessSpec, codexHome: string) =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const processes = yield* Processes
    yield* fs.makeDirectory(codexHome, { recursive: true, mode: 0o700 }).pipe(
      Effect.mapError((error) => new StoreFailed({ path: codexHome, reason: error.message }))
    )
    const stdoutLog = yield* openCappedLog(`${job.logFolder}/events.jsonl`)
    const stderrLog = yield* openCappedLog(`${job.logFolder}/stderr.log`)
    const child = yield* processes.spawn(spec)
    const tail = yield* Ref.make(BoundedTail.empty(maxStderrTail))
    const complaints = child.stderr.pipe(
      Stream.tap(stderrLog.append),
      Stream.decodeText(),
      Stream.tap((text) => Ref.update(tail, (kept) => BoundedTail.append(kept, text))),
      Stream.drain
    )
    const said = child.stdout.pipe(
      Stream.tap(stdoutLog.append),
      events(),
      Stream.map((event): CodexOutput => ({ _tag: "Event", event }))
    )
    const ended = Effect.gen(function*() {
      const exit = yield* child.exit
      return { _tag: "Ended", exit, stderrTail: BoundedTail.text(yield* Ref.get(tail)) } satisfies CodexOutput
    })
    // Both at once: a stderr that nobody reads would stop Codex as soon as its pipe is full.
    return Stream.concat(Stream.merge(said, complaints), Stream.fromEffect(ended))
  }))

const versionWarnings = (traits: CodexTraits): ReadonlyArray<string> => {
  if (compareVersions(traits.version, supportedVersions.full) < 0) {
    return [`Codex ${traits.version} is old: ${supportedVersions.full} or newer takes every safety setting.`]
  }
  if (compareVersions(traits.version, supportedVersions.newestTried) > 0) {
    return [`Codex ${traits.version} is newer than ${supportedVersions.newestTried}, the newest this was tried with.`]
  }
  return []
}
