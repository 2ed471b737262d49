/**
 * The pipeline: what happens to one admitted task, from its worktree to its
 * record. It can't fail: whatever goes wrong becomes part of the result.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as path from "node:path"
import { redactCommand, redactOutputs } from "../audit/redactEvent.ts"
import * as Transcript from "../audit/Transcript.ts"
import { type CodexOutput, taskMarker } from "../codex/Codex.ts"
import { judgeEnd } from "../codex/failures.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { CodexEvent } from "../domain/CodexEvent.ts"
import type { TaskError, TaskResult, TaskStatus } from "../domain/Result.ts"
import type { TaskStage } from "../domain/RunEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { CaptureFailed, type Changes, Patches } from "../patch/Patches.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import { endMarked } from "../process/leftovers.ts"
import { refOf, taskFolder, worktreePlaces } from "../store/stateFolder.ts"
import { setUp } from "../worktree/setup.ts"
import { type Worktree, Worktrees } from "../worktree/Worktrees.ts"
import { report } from "./report.ts"
import type { RunContext } from "./RunContext.ts"

/** A task's clock ran out: the wall clock, or the time without a word from Codex. */
export class TaskTimedOut extends Schema.TaggedError<TaskTimedOut>()("TaskTimedOut", {
  clock: Schema.Literal("wall", "idle"),
  seconds: Schema.Number
}) {
  override get message(): string {
    return this.clock === "wall"
      ? `Task timeout exceeded (${this.seconds}s). Raise timeout_sec, or split the task.`
      : `Codex said nothing for ${this.seconds} s (idle_timeout_sec).`
  }
}

/** How a task came out, before anyone has looked at its files. */
interface Ending {
  readonly status: TaskStatus
  readonly error: TaskError | null
  readonly exitCode: number | null
}

/** What is known so far: kept outside the fibers that may be interrupted, so that nothing seen is lost. */
interface Progress {
  readonly transcript: Transcript.Transcript
  readonly ended: Extract<CodexOutput, { _tag: "Ended" }> | null
}

export const runTask = Effect.fn("runTask")(function*(context: RunContext, task: AdmittedTask) {
  const startedAt = yield* Clock.currentTimeMillis
  const progress = yield* Ref.make<Progress>({ transcript: Transcript.empty, ended: null })
  const enter = (stage: TaskStage) => context.emit({ _tag: "TaskStageEntered", task_id: task.taskId, stage })

  const pipeline = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      yield* enter("worktree")
      const worktree = yield* restore(acquireWorktree(context, task))
      yield* enter("setup")
      const prepared = yield* Effect.exit(restore(prepare(context, task, worktree)))
      if (Exit.isFailure(prepared)) {
        const ending = endingOfCause(prepared.cause)
        return yield* conclude(context, task, { ending, changes: null, worktree, progress, startedAt })
      }
      yield* enter("codex")
      const exit = yield* Effect.exit(restore(work(context, task, worktree, progress)))
      yield* endMarked("CODEX_RUNNER_TASK", taskMarker(task, worktree.path).CODEX_RUNNER_TASK)
      yield* enter("capture")
      const changes = yield* capture(context, task, worktree)
      const ending = yield* Effect.map(Ref.get(progress), (seen) => endingOf(exit, seen))
      return yield* conclude(context, task, { ending, changes, worktree, progress, startedAt })
    }).pipe(
      Effect.scoped,
      Effect.catchAllCause((cause) =>
        conclude(context, task, { ending: endingOfCause(cause), changes: null, worktree: null, progress, startedAt })
      )
    )
  )
  return yield* pipeline
})

const acquireWorktree = Effect.fnUntraced(function*(context: RunContext, task: AdmittedTask) {
  const worktrees = yield* Worktrees
  const { base, excludes, layout, repository } = context.ready
  const places = worktreePlaces(layout, task.runId, task.taskId)
  return yield* worktrees.acquire({ task, repository, base, places, excludes, checkout: true })
})

const prepare = (context: RunContext, task: AdmittedTask, worktree: Worktree) =>
  setUp(worktree, { ...context.setup, logPath: path.join(logFolderOf(context, task), "setup.log") })

const logFolderOf = (context: RunContext, task: AdmittedTask): string =>
  taskFolder(context.ready.layout, task.runId, task.taskId)

/** Codex at work, within its limits; what it does is folded as it comes. */
const work = Effect.fnUntraced(
  function*(context: RunContext, task: AdmittedTask, worktree: Worktree, progress: Ref.Ref<Progress>) {
    const config = yield* RunnerConfig
    const outputs = context.ready.session.run({
      task,
      worktree: worktree.path,
      checkout: worktree.repository.root,
      home: worktree.home,
      tmpdir: worktree.tmpdir,
      logFolder: logFolderOf(context, task),
      niceness: context.niceness,
      gate: yield* gateFor(context, task, worktree)
    })
    const see = Effect.fnUntraced(function*(event: CodexEvent) {
      // Masked before anything is cut: half a secret has no shape to know it by.
      const masked = redactOutputs(event, context.redact)
      yield* Ref.update(progress, (seen) => ({ ...seen, transcript: Transcript.step(seen.transcript, masked) }))
      yield* context.emit({
        _tag: "TaskCodexEvent",
        task_id: task.taskId,
        event: redactCommand(masked, context.redact)
      })
    })
    yield* outputs.pipe(
      withIdleLimit(config.idle_timeout_sec),
      Stream.runForEach((output) =>
        output._tag === "Ended"
          ? Ref.update(progress, (seen) => ({ ...seen, ended: output }))
          : see(output.event)
      ),
      Effect.timeoutFail({
        duration: task.timeout,
        onTimeout: () => new TaskTimedOut({ clock: "wall", seconds: Duration.toSeconds(task.timeout) })
      })
    )
  }
)

/** The task's policy where the hook finds it, outside everything the task can write. */
const gateFor = Effect.fnUntraced(function*(context: RunContext, task: AdmittedTask, worktree: Worktree) {
  const { gate, session } = context.ready
  if (gate === null) return undefined
  const config = yield* RunnerConfig
  const env = yield* gate.forTask({
    task,
    worktree: worktree.path,
    allowReadOnly: config.allow_read_only_commands,
    searchPath: session.searchPath,
    folder: logFolderOf(context, task)
  })
  return { settings: gate.settings, env }
})

const withIdleLimit =
  (seconds: number | undefined) => <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E | TaskTimedOut, R> =>
    seconds === undefined
      ? stream
      : Stream.timeoutFail(stream, () => new TaskTimedOut({ clock: "idle", seconds }), Duration.seconds(seconds))

/** The changes, or why they could not be captured, a bug included; in that case the worktree stays. */
const capture = Effect.fnUntraced(function*(context: RunContext, task: AdmittedTask, worktree: Worktree) {
  const patches = yield* Patches
  const policy = yield* SecurityPolicy
  return yield* patches.capture({
    worktree,
    isDisposable: policy.isDisposable(task),
    ref: refOf(task.runId, task.taskId),
    message: `codex-runner: ${task.runId}/${task.taskId}\n\nWhat the task left in its worktree, as it was found.`,
    patchPath: path.join(logFolderOf(context, task), "patch.diff")
  }).pipe(
    Effect.catchAllDefect((defect) =>
      Effect.fail(new CaptureFailed({ worktree: worktree.path, reason: `internal: ${String(defect)}` }))
    ),
    Effect.either
  )
})

type Captured = Effect.Effect.Success<ReturnType<typeof capture>>

/** The verdict, the record, and whether the worktree stays. */
const conclude = Effect.fnUntraced(function*(context: RunContext, task: AdmittedTask, end: {
  readonly ending: Ending
  /** null where Codex was never started: then there is nothing of the task's to capture. */
  readonly changes: Captured | null
  readonly worktree: Worktree | null
  readonly progress: Ref.Ref<Progress>
  readonly startedAt: number
}) {
  const config = yield* RunnerConfig
  yield* context.emit({ _tag: "TaskStageEntered", task_id: task.taskId, stage: "record" })
  const { ended, transcript } = yield* Ref.get(end.progress)
  const captured: Changes | null = end.changes?._tag === "Right" ? end.changes.right : null
  const result: TaskResult = yield* report(context, task, {
    ...end.ending,
    captureError: end.changes?._tag === "Left" ? end.changes.left.message : null,
    changes: captured,
    transcript,
    stderrTail: ended?.stderrTail ?? "",
    worktree: end.worktree,
    startedAt: end.startedAt,
    finishedAt: yield* Clock.currentTimeMillis
  })
  const incomplete = end.changes !== null && (captured === null || captured.incomplete.length > 0)
  const wanted = config.keep_worktrees === "always" ||
    (config.keep_worktrees === "on_failure" && result.status !== "success")
  if (end.worktree !== null && (incomplete || wanted)) yield* end.worktree.keep
  yield* context.finish(task, result)
  return result
})

const endingOf = (
  exit: Exit.Exit<void, { readonly _tag: string; readonly message: string }>,
  seen: Progress
): Ending => {
  const exitCode = seen.ended?.exit.code ?? null
  if (Exit.isFailure(exit)) return { ...endingOfCause(exit.cause), exitCode }
  const judgement = judgeEnd({
    transcript: seen.transcript,
    exit: seen.ended?.exit ?? { code: null, signal: "unknown" },
    stderrTail: seen.ended?.stderrTail ?? ""
  })
  return judgement.ok
    ? { status: "success", error: null, exitCode }
    : { status: "failed", error: judgement.error, exitCode }
}

const errorKinds: Readonly<Record<string, TaskError["kind"]>> = {
  WorktreeFailed: "worktree",
  SetupFailed: "setup",
  StoreFailed: "disk",
  PolicyNotWritten: "gate",
  ProcessFailed: "codex_crashed",
  SpawnFailed: "codex_missing"
}

/** A failure by its kind, an interruption as cancelled, anything unforeseen as internal. */
const endingOfCause = (cause: Cause.Cause<{ readonly _tag: string; readonly message: string }>): Ending => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") {
    const { _tag, message } = failure.value
    if (failure.value instanceof TaskTimedOut) {
      const kind = failure.value.clock === "wall" ? "timeout" : "idle_timeout"
      return { status: "timeout", error: { kind, message }, exitCode: null }
    }
    return { status: "failed", error: { kind: errorKinds[_tag] ?? "internal", message }, exitCode: null }
  }
  return Cause.isInterruptedOnly(cause)
    ? { status: "cancelled", error: { kind: "cancelled", message: "The run was cancelled." }, exitCode: null }
    : { status: "failed", error: { kind: "internal", message: Cause.pretty(cause).slice(0, 2000) }, exitCode: null }
}
