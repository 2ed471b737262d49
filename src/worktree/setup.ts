/**
 * What is done in a fresh worktree before Codex starts: ignored files copied
 * from the checkout, then the trusted commands of the configuration.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { appendFile } from "node:fs/promises"
import * as path from "node:path"
import { Git, splitNul } from "../git/Git.ts"
import { ignoredIn } from "../git/ignore.ts"
import type { Containment } from "../process/containment.ts"
import { copyTree } from "../process/copyFile.ts"
import { Processes } from "../process/Processes.ts"
import { markBaseline } from "./baseline.ts"
import type { Worktree } from "./Worktrees.ts"

export class SetupFailed extends Schema.TaggedError<SetupFailed>()("SetupFailed", {
  /** The path to copy, or the command. */
  step: Schema.String,
  reason: Schema.String,
  logPath: Schema.String
}) {
  override get message(): string {
    return `setup failed at "${this.step}": ${this.reason} (log: ${this.logPath})`
  }
}

export interface SetupPlan {
  /** Relative to the checkout's root: ignored files or folders. */
  readonly copy: ReadonlyArray<string>
  readonly commands: ReadonlyArray<string>
  /** Environment of the setup commands. */
  readonly env: Readonly<Record<string, string>>
  /** How everything that they start is held together; their process group where absent. */
  readonly containment?: Containment | undefined
  readonly logPath: string
}

/** One setup command may take this long. */
const setupTimeout = Duration.minutes(10)

const maxSetupOutput = 64 * 1024 * 1024

/** Prepares the worktree and moves its baseline there. Does nothing for an empty plan. */
export const setUp = Effect.fn("Worktrees.setUp")(function*(worktree: Worktree, plan: SetupPlan) {
  const included = yield* worktreeInclude(worktree).pipe(
    Effect.mapError((error) => failed(".worktreeinclude", error.message, plan))
  )
  const copies = [...new Set([...plan.copy.map((entry) => path.normalize(entry).replace(/\/$/, "")), ...included])]
  if (copies.length === 0 && plan.commands.length === 0) return
  for (const relative of copies) yield* copyOne(worktree, relative, plan)
  for (const command of plan.commands) yield* runCommand(worktree, command, plan)
  yield* markBaseline(worktree).pipe(Effect.mapError((error) => failed("baseline", error.message, plan)))
})

const failed = (step: string, reason: string, plan: SetupPlan) =>
  new SetupFailed({ step, reason, logPath: plan.logPath })

const log = (plan: SetupPlan, text: string) =>
  Effect.ignore(Effect.tryPromise(() => appendFile(plan.logPath, text, { mode: 0o600 })))

/** The ignored files that a `.worktreeinclude` file (patterns as in `.gitignore`) asks to copy. */
const worktreeInclude = Effect.fnUntraced(function*(worktree: Worktree) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  const { root, target } = worktree.repository
  if (!(yield* fs.exists(`${root}/.worktreeinclude`))) return []
  const named = yield* git.run({
    target,
    // A folder that it names as a whole is one thing to copy.
    args: ["ls-files", "-z", "--others", "--ignored", "--directory", `--exclude-from=${root}/.worktreeinclude`],
    timeout: "1 minute"
  })
  return [...(yield* ignoredIn(target, splitNul(named.stdout).map((entry) => entry.replace(/\/$/, ""))))]
})

const copyOne = Effect.fnUntraced(function*(worktree: Worktree, relative: string, plan: SetupPlan) {
  const fs = yield* FileSystem.FileSystem
  const root = worktree.repository.root
  const there = yield* fs.exists(path.join(root, relative)).pipe(Effect.orElseSucceed(() => false))
  if (!there) {
    yield* log(plan, `copy ${relative}: not in the checkout, skipped\n`)
    return
  }
  const files = yield* copyTree({ fromRoot: root, toRoot: worktree.path, relative }).pipe(
    Effect.mapError((error) => failed(`copy ${relative}`, error.message, plan))
  )
  yield* log(plan, `copy ${relative}: ${files} files\n`)
})

const runCommand = Effect.fnUntraced(function*(worktree: Worktree, command: string, plan: SetupPlan) {
  const processes = yield* Processes
  const end = yield* processes.run({
    command: "sh",
    args: ["-c", command],
    cwd: worktree.path,
    env: plan.env,
    ...(plan.containment === undefined ? {} : { containment: plan.containment }),
    timeout: setupTimeout,
    maxOutputBytes: maxSetupOutput
  }).pipe(
    Effect.tapError((error) => log(plan, `$ ${command}\n${error.message}\n`)),
    Effect.mapError((error) => failed(command, error.message, plan))
  )
  yield* log(plan, `$ ${command}\n${new TextDecoder().decode(end.stdout)}${end.stderr}exit ${end.code ?? end.signal}\n`)
  if (end.code !== 0) {
    const last = end.stderr.trim().split("\n").at(-1) ?? ""
    return yield* failed(command, `exit ${end.code ?? end.signal}${last === "" ? "" : `: ${last.slice(0, 300)}`}`, plan)
  }
})
