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
import type { PlanReviewRequest } from "../../src/domain/PlanReview.ts"
import type { RunResult, TaskResult } from "../../src/domain/Result.ts"
import type { RunEvent } from "../../src/domain/RunEvent.ts"
import { RunId, type RunRequest, TaskId } from "../../src/domain/Task.ts"
import { Git } from "../../src/git/Git.ts"
import { RepoLock } from "../../src/git/RepoLock.ts"
import { Patches } from "../../src/patch/Patches.ts"
import { admit } from "../../src/policy/admission.ts"
import { SecurityPolicy } from "../../src/policy/SecurityPolicy.ts"
import { Host } from "../../src/process/Host.ts"
import { Processes } from "../../src/process/Processes.ts"
import { Slots } from "../../src/process/Slots.ts"
import type { Ready } from "../../src/run/preflight.ts"
import { conductReview } from "../../src/run/reviewPlan.ts"
import { runTasks } from "../../src/run/runTasks.ts"
import { StoreFailed } from "../../src/store/durable.ts"
import { RunStore } from "../../src/store/RunStore.ts"
import { Trash } from "../../src/worktree/Trash.ts"
import { Worktrees } from "../../src/worktree/Worktrees.ts"

const commit = "c".repeat(40)
const layout = {
  state: "/nonexistent/state",
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
  /** Asked before a task's final record is kept. */
  readonly beforeRecord?: () => Effect.Effect<void>
  readonly env?: Readonly<Record<string, string>>
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
  session: { version: "0.0.0", subject: null, searchPath: "", warnings: [], run: script, hasThread: () => false },
  gate: null,
  enforcement: "none",
  unreadable: null,
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
      own: () => Effect.void,
      create: () => Effect.void,
      reopen: () => Effect.void,
      disown: () => Effect.void,
      summary: () => Effect.succeed(Option.none()),
      glance: () => Effect.succeed({ isAtWork: false, journalBytes: 0 }),
      attend: () => Effect.never,
      askToCancel: () => Effect.void,
      seal: Effect.void,
      find: () => Effect.succeed(Option.none()),
      list: () => Effect.succeed([]),
      append: () => Effect.void,
      verify: () => Effect.succeed([]),
      recordApply: () => Effect.void,
      recordTask: (_layout, _runId, result) =>
        options.unrecordable?.includes(result.task_id) === true
          ? Effect.fail(new StoreFailed({ path: `${result.task_id}/result.json`, reason: "ENOSPC" }))
          : Effect.zipRight(
            options.beforeRecord?.() ?? Effect.void,
            Effect.sync(() => void seen.records.set(result.task_id, result))
          ),
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
    run: () => Effect.dieMessage("no process is started here"),
    endAll: Effect.void
  })
)

/** Every stage, with nothing behind it. */
const stagesInMemory = (options: InMemory, seen: Seen) => {
  const configured = Layer.succeed(
    RunnerConfig,
    RunnerConfig.of({ ...data(options.config ?? {}), origin: { path: null, sha256: null, needsTrust: [] } })
  )
  return Layer.mergeAll(
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
    Layer.succeed(RepoLock, RepoLock.of({ withLock: () => (effect) => effect })),
    Layer.succeed(Slots, Slots.of({ withSlot: () => (effect) => effect })),
    Layer.succeed(Host, { env: options.env ?? {}, directory: "/nonexistent/repo" }),
    FileSystem.layerNoop({
      exists: () => Effect.succeed(false),
      makeDirectory: () => Effect.void,
      writeFileString: () => Effect.void
    })
  )
}

const watcher = (options: InMemory, seen: Seen) => (event: RunEvent) =>
  Effect.zipRight(Effect.sync(() => void seen.events.push(event)), options.watch?.(event) ?? Effect.void)

/** Runs the tasks; what they did is in `seen`. */
export const runInMemory = (options: InMemory, seen: Seen = nothingSeen()) =>
  runTasks(readyRun(options), watcher(options, seen)).pipe(Effect.provide(stagesInMemory(options, seen)))

/** Reviews a plan; `tasks` has no meaning then. */
export const reviewInMemory = (
  request: PlanReviewRequest,
  options: Omit<InMemory, "tasks">,
  seen: Seen = nothingSeen()
) => {
  const all = { ...options, tasks: ["unused"] }
  return conductReview(readyRun(all), RunId.make("the-review"), request, watcher(all, seen)).pipe(
    Effect.provide(stagesInMemory(all, seen))
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
