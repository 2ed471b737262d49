/**
 * The pipeline with nothing real in it: worktrees, capture and the store are
 * values in memory, Codex follows a script, and the clock is the test's.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CodexOutput, CodexSession } from "../../src/codex/Codex.ts"
import { decodeConfig } from "../../src/config/decodeConfig.ts"
import { RunnerConfig, type RunnerConfigInput } from "../../src/config/RunnerConfig.ts"
import type { RunResult, TaskResult } from "../../src/domain/Result.ts"
import type { RunEvent } from "../../src/domain/RunEvent.ts"
import { RunId, type RunRequest, TaskId } from "../../src/domain/Task.ts"
import { Git } from "../../src/git/Git.ts"
import { Patches } from "../../src/patch/Patches.ts"
import { admit } from "../../src/policy/admission.ts"
import { SecurityPolicy } from "../../src/policy/SecurityPolicy.ts"
import { Host } from "../../src/process/Host.ts"
import { Processes } from "../../src/process/Processes.ts"
import type { Ready } from "../../src/run/preflight.ts"
import { runTasks } from "../../src/run/runTasks.ts"
import { StoreFailed } from "../../src/store/durable.ts"
import { RunStore } from "../../src/store/RunStore.ts"
import { Trash } from "../../src/worktree/Trash.ts"
import { Worktrees } from "../../src/worktree/Worktrees.ts"

const commit = "c".repeat(40)
const layout = {
  root: "/nonexistent/state/repo",
  runs: "/nonexistent/state/repo/runs",
  trash: "/nonexistent/state/repo/trash",
  lock: "/nonexistent/state/repo/lock"
}
const repository = {
  root: "/nonexistent/repo",
  commonDir: "/nonexistent/repo/.git",
  objects: "/nonexistent/repo/.git/objects",
  objectFormat: "sha1",
  target: { _tag: "Repository", directory: "/nonexistent/repo" }
} as const
const base = {
  commit,
  files: 0,
  gitlinks: [],
  ignoreFiles: new Map<string, string>(),
  attributeFiles: [],
  foldedPaths: new Map<string, string>()
}

/** What happened outside the run's own results, for tests to look at. */
export interface Seen {
  readonly events: Array<RunEvent>
  /** Final records, by task. */
  readonly records: Map<string, TaskResult>
  readonly runs: Array<RunResult>
  /** Worktrees that are there now. */
  readonly worktrees: Set<string>
  /** Worktrees that stayed. */
  readonly kept: Set<string>
}

export const nothingSeen = (): Seen => ({
  events: [],
  records: new Map(),
  runs: [],
  worktrees: new Set(),
  kept: new Set()
})

export interface InMemory {
  readonly tasks: ReadonlyArray<string>
  readonly script: CodexSession["run"]
  readonly request?: Partial<RunRequest>
  readonly config?: RunnerConfigInput
  readonly acquire?: (taskId: string) => ReturnType<Context.Tag.Service<Worktrees>["acquire"]>
  readonly capture?: Context.Tag.Service<Patches>["capture"]
  /** Tasks whose final record can't be kept. */
  readonly unrecordable?: ReadonlyArray<string>
  readonly watch?: (event: RunEvent) => Effect.Effect<void>
}

const data = (config: RunnerConfigInput) =>
  Either.getOrThrow(decodeConfig({ limits: { concurrency: 64, tasks: 1000 }, max_tasks_per_run: 1000, ...config }))

/** The tasks as an admitted run that may start. */
const readyRun = ({ config = {}, request = {}, script, tasks }: InMemory): Ready => ({
  run: Either.getOrThrow(admit({
    request: {
      resource_policy: "normal",
      ...request,
      tasks: tasks.map((id) => ({ task_id: TaskId.make(id), prompt: id }))
    },
    config: data(config),
    runId: RunId.make("run"),
    baseCommit: commit
  })),
  repository,
  layout,
  base,
  session: { version: "0.0.0", subject: null, searchPath: "", warnings: [], run: script },
  gate: null,
  enforcement: "none",
  excludes: "",
  warnings: []
})

const worktreesIn = (seen: Seen, options: InMemory) =>
  Layer.succeed(
    Worktrees,
    Worktrees.of({
      settle: Effect.void,
      acquire: ({ places, task }) =>
        options.acquire?.(task.taskId) ?? Effect.acquireRelease(
          Effect.sync(() => {
            seen.worktrees.add(task.taskId)
            return {
              path: places.worktree,
              git: {
                directory: places.gitDir,
                baseIndex: "",
                baselineIndex: "",
                over: () => ({ _tag: "Private", gitDir: "", workTree: "", index: "", objects: "" })
              },
              repository,
              base,
              entry: "",
              home: `${places.scratch}/home`,
              tmpdir: `${places.scratch}/tmp`,
              keep: Effect.sync(() => void seen.kept.add(task.taskId))
            } as const
          }),
          () => Effect.sync(() => void seen.worktrees.delete(task.taskId))
        )
    })
  )

const storeIn = (seen: Seen, options: InMemory) =>
  Layer.succeed(
    RunStore,
    RunStore.of({
      create: () => Effect.void,
      find: () => Effect.succeed(Option.none()),
      list: () => Effect.succeed([]),
      append: () => Effect.void,
      verify: () => Effect.succeed([]),
      recordTask: (_layout, _runId, result) =>
        options.unrecordable?.includes(result.task_id) === true
          ? Effect.fail(new StoreFailed({ path: `${result.task_id}/result.json`, reason: "ENOSPC" }))
          : Effect.sync(() => void seen.records.set(result.task_id, result)),
      recordRun: (_layout, result) => Effect.sync(() => void seen.runs.push(result))
    })
  )

const nothingChanged: Context.Tag.Service<Patches>["capture"] = () =>
  Effect.succeed({
    files: [],
    links: new Map(),
    disposable: [],
    violations: [],
    incomplete: [],
    patch: null,
    ref: null,
    applies: { onBase: true, onHead: true, log: "" }
  })

const quietGit = Layer.succeed(
  Git,
  Git.of({
    run: () => Effect.succeed({ code: 0, stdout: new Uint8Array(), stderr: "" }),
    text: () => Effect.succeed("")
  })
)

const noProcesses = Layer.succeed(
  Processes,
  Processes.of({
    spawn: () => Effect.dieMessage("no process is started here"),
    run: () => Effect.dieMessage("no process is started here")
  })
)

/** Runs the tasks; what they did is in `seen`. */
export const runInMemory = (options: InMemory, seen: Seen = nothingSeen()) => {
  const config = RunnerConfig.of({
    ...data(options.config ?? {}),
    origin: { path: null, sha256: null, needsTrust: [] }
  })
  const configured = Layer.succeed(RunnerConfig, config)
  return runTasks(
    readyRun(options),
    (event) => Effect.zipRight(Effect.sync(() => void seen.events.push(event)), options.watch?.(event) ?? Effect.void)
  ).pipe(
    Effect.provide(Layer.mergeAll(
      worktreesIn(seen, options),
      storeIn(seen, options),
      quietGit,
      noProcesses,
      configured,
      SecurityPolicy.layer.pipe(Layer.provide(configured)),
      Layer.succeed(Patches, Patches.of({ capture: options.capture ?? nothingChanged })),
      Layer.succeed(
        Trash,
        Trash.of({ discard: () => Effect.void, removeEmpty: () => Effect.void, settle: Effect.void })
      ),
      Layer.succeed(Host, { env: {}, directory: "/nonexistent/repo" }),
      FileSystem.layerNoop({ exists: () => Effect.succeed(false) })
    ))
  )
}

/** Codex's closing words. */
export const says = (text: string): CodexOutput => ({
  _tag: "Event",
  event: { type: "item.completed", item: { type: "agent_message", id: "item_0", text } }
})

export const ends = (code: number | null = 0): CodexOutput => ({
  _tag: "Ended",
  exit: { code, signal: code === null ? "SIGKILL" : null },
  stderrTail: ""
})

export const turnCompleted: CodexOutput = { _tag: "Event", event: { type: "turn.completed", usage: null } }

/** A script that says these things and then never ends. */
export const hangsAfter = (...outputs: ReadonlyArray<CodexOutput>): CodexSession["run"] => () =>
  Stream.concat(Stream.fromIterable(outputs), Stream.never)

/** A different script for each task. */
export const byTask = (scripts: Readonly<Record<string, CodexSession["run"]>>): CodexSession["run"] => (job) => {
  const script = scripts[job.task.taskId]
  if (script === undefined) throw new Error(`no script for ${job.task.taskId}`)
  return script(job)
}
