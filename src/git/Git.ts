/**
 * git, hardened. The runner never lets git read configuration, hooks or
 * attributes from a place that a task can write: work on a task's files goes
 * through a private git folder, and calls on the user's own repository run with
 * hooks and the file-system monitor switched off.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { fstatSync } from "node:fs"
import type { SpawnFailed } from "../process/failures.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import { attribute } from "../telemetry/attributes.ts"

/** A private git folder over a task's worktree. */
export interface PrivateTarget {
  readonly _tag: "Private"
  readonly gitDir: string
  readonly workTree: string
  readonly index: string
  /** The user's object store, which the private folder reads from and writes to. */
  readonly objects: string
}

/** The user's own repository, with its configuration. */
export interface RepositoryTarget {
  readonly _tag: "Repository"
  readonly directory: string
  /** In place of the checkout's own. */
  readonly index?: string
}

/** Where a call looks: the user's repository, or a private git folder. */
export type GitTarget = RepositoryTarget | PrivateTarget

/** One call of git. */
export interface GitCall {
  readonly target: GitTarget
  readonly args: ReadonlyArray<string>
  readonly stdin?: Uint8Array
  /** An open file for git's output, in place of the answer's `stdout`. */
  readonly outputFile?: number
  readonly timeout?: Duration.DurationInput
  readonly maxOutputBytes?: number
  /** Exit codes that are an answer rather than a failure. Default: 0 alone. */
  readonly accept?: ReadonlyArray<number>
}

/** What git answered. */
export interface GitAnswer {
  readonly code: number
  readonly stdout: Uint8Array
  readonly stderr: string
}

/** A git call failed. `command` is the subcommand alone. */
export class GitFailed extends Schema.TaggedError<GitFailed>()("GitFailed", {
  command: Schema.String,
  exitCode: Schema.NullOr(Schema.Number),
  reason: Schema.String
}) {
  override get message(): string {
    return `git ${this.command} failed${this.exitCode === null ? "" : ` (exit ${this.exitCode})`}: ${this.reason}`
  }
}

/** git, hardened: it reads no configuration that a task could have written. */
export class Git extends Context.Tag("codex-runner/Git")<
  Git,
  {
    readonly run: (call: GitCall) => Effect.Effect<GitAnswer, GitFailed | SpawnFailed>
    /** The answer as text, without the newline at its end. */
    readonly text: (call: GitCall) => Effect.Effect<string, GitFailed | SpawnFailed>
  }
>() {
  static readonly layer = Layer.effect(
    Git,
    Effect.gen(function*() {
      const processes = yield* Processes
      const { env: host } = yield* Host
      const run = Effect.fn("Git.run")(function*(call: GitCall) {
        const command = call.args.find((arg) => !arg.startsWith("-")) ?? "git"
        yield* Effect.annotateCurrentSpan(attribute.gitCommand, command)
        const answer = yield* processes.run({
          command: "git",
          args: ["--no-pager", ...configuration(call.target), ...call.args],
          cwd: call.target._tag === "Repository" ? call.target.directory : call.target.gitDir,
          env: environment(call.target, host),
          timeout: call.timeout ?? "60 seconds",
          maxOutputBytes: call.maxOutputBytes ?? 64 * 1024 * 1024,
          ...(call.stdin === undefined ? {} : { stdin: call.stdin }),
          ...(call.outputFile === undefined ? {} : { outputFile: call.outputFile })
        }).pipe(
          // A terminal's Ctrl-C can hit it on its way into a group of its own, before it is git: it has done nothing.
          Effect.repeat({
            while: ({ signal }) =>
              signal === "SIGINT" && (call.outputFile === undefined || fstatSync(call.outputFile).size === 0),
            times: 10
          }),
          Effect.catchTags({
            ProcessFailed: (error) => Effect.fail(new GitFailed({ command, exitCode: null, reason: error.reason })),
            ProcessTimedOut: (error) =>
              Effect.fail(new GitFailed({ command, exitCode: null, reason: `no end within ${error.afterMs} ms` })),
            OutputLimit: (error) =>
              Effect.fail(
                new GitFailed({ command, exitCode: null, reason: `more than ${error.maxBytes} bytes of output` })
              )
          })
        )
        if (answer.code === null || !(call.accept ?? [0]).includes(answer.code)) {
          const reason = answer.signal === null ? lastLines(answer.stderr) : `killed by ${answer.signal}`
          return yield* new GitFailed({ command, exitCode: answer.code, reason })
        }
        return { code: answer.code, stdout: answer.stdout, stderr: answer.stderr }
      })
      return Git.of({
        run,
        text: (call) => Effect.map(run(call), (answer) => new TextDecoder().decode(answer.stdout).replace(/\n$/, ""))
      })
    })
  )
}

const lastLines = (stderr: string): string => stderr.trim().split("\n").slice(-3).join("; ").slice(0, 500)

/** NUL-separated records of git's `-z` output, as text. */
export const splitNul = (bytes: Uint8Array): ReadonlyArray<string> => {
  const text = new TextDecoder().decode(bytes)
  return text.length === 0 ? [] : text.replace(/\0$/, "").split("\0")
}

/** Paths for a standard input that is read with `-z`. */
export const joinNul = (paths: Iterable<string>): Uint8Array => new TextEncoder().encode([...paths, ""].join("\0"))

const withoutSideEffects = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0"]

/** Nothing of the tree's bytes is converted, no name that another system would confuse is taken. */
const bytesAsTheyAre = [
  "-c",
  "core.untrackedCache=false",
  "-c",
  "core.protectHFS=true",
  "-c",
  "core.protectNTFS=true",
  "-c",
  "core.autocrlf=false",
  "-c",
  "core.safecrlf=false",
  "-c",
  "core.symlinks=true",
  "-c",
  "core.fileMode=true",
  "-c",
  "core.quotePath=true",
  "-c",
  "core.ignoreCase=false",
  "-c",
  "submodule.recurse=false",
  "-c",
  "safe.bareRepository=explicit",
  "-c",
  "protocol.allow=never",
  "-c",
  "diff.ignoreSubmodules=all",
  "-c",
  "diff.external=",
  "-c",
  "advice.addEmbeddedRepo=false"
]

const configuration = (target: GitTarget): ReadonlyArray<string> =>
  target._tag === "Repository"
    ? ["-C", target.directory, ...withoutSideEffects]
    : [...withoutSideEffects, ...bytesAsTheyAre]

const common = {
  LC_ALL: "C",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_NO_LAZY_FETCH: "1",
  GIT_AUTHOR_NAME: "codex-runner",
  GIT_AUTHOR_EMAIL: "codex-runner@localhost",
  GIT_COMMITTER_NAME: "codex-runner",
  GIT_COMMITTER_EMAIL: "codex-runner@localhost"
}

const environment = (
  target: GitTarget,
  host: Readonly<Record<string, string | undefined>>
): Record<string, string> => {
  const inherited = (names: ReadonlyArray<string>) =>
    Object.fromEntries(names.flatMap((name) => (host[name] === undefined ? [] : [[name, host[name]]])))
  return target._tag === "Repository"
    // The user's own configuration is read here: it says which repositories are safe to enter.
    ? {
      ...inherited([
        "PATH",
        "HOME",
        "XDG_CONFIG_HOME",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM"
      ]),
      ...common,
      ...(target.index === undefined ? {} : { GIT_INDEX_FILE: target.index })
    }
    : {
      ...inherited(["PATH"]),
      ...common,
      HOME: "/nonexistent",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_LITERAL_PATHSPECS: "1",
      GIT_DIR: target.gitDir,
      GIT_WORK_TREE: target.workTree,
      GIT_INDEX_FILE: target.index,
      GIT_OBJECT_DIRECTORY: target.objects
    }
}
