/** Codex at work on one task, behind the gate and within its limits; and what its failures are called. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { CodexJob, CodexOutput } from "../codex/Codex.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import { askingOfDisk, isDiskTrouble, isGitsDiskTrouble } from "../domain/diskTrouble.ts"
import type { TaskError } from "../domain/Result.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { refuseFlood, type TooManyCalls } from "../gate/flood.ts"
import { followDenials } from "../gate/followDenials.ts"
import { type EnforcementBreach, watchGate } from "../gate/watchGate.ts"
import { SpawnFailed } from "../process/failures.ts"
import { type Worktree, WorktreeFailed } from "../worktree/Worktrees.ts"
import type { Ready } from "./preflight.ts"
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

export interface Work extends Pick<CodexJob, "answerSchema" | "niceness" | "thread"> {
  readonly task: AdmittedTask
  readonly worktree: Worktree
  /** For Codex's logs, the gate's and the policy. No task can write there. */
  readonly logFolder: string
}

/** What Codex does with the task; fails where it says nothing for too long. */
export const codexAtWork = (ready: Pick<Ready, "gate" | "session" | "unreadable">, work: Work) =>
  Stream.unwrap(Effect.gen(function*() {
    const config = yield* RunnerConfig
    const { worktree, ...job } = work
    const outputs = ready.session.run({
      ...job,
      ...(ready.gate === null ? {} : { containment: ready.gate.containment }),
      worktree: worktree.path,
      checkout: worktree.repository.root,
      home: worktree.home,
      unreadable: ready.unreadable,
      gate: yield* gateFor(ready, work)
    })
    return withIdleLimit(config.idle_timeout_sec)(ready.gate === null ? outputs : behindGate(work.logFolder)(outputs))
  }))

/** Fails right after the output that tells of what the gate had not allowed, or that it ended Codex. */
const behindGate = (folder: string) =>
<E, R>(
  outputs: Stream.Stream<CodexOutput, E, R>
): Stream.Stream<CodexOutput, E | EnforcementBreach | TooManyCalls, R> =>
  Stream.suspend(() => {
    const watch = watchGate(folder)
    const look = (output: CodexOutput): Effect.Effect<void, EnforcementBreach | TooManyCalls> =>
      output._tag === "Event" ? watch(output.event) : refuseFlood(folder)
    return Stream.flatMap(outputs, (output) =>
      Stream.concat(Stream.make(output), Stream.drain(Stream.fromEffect(look(output)))))
  })

/** The task's policy where the hook finds it, outside everything the task can write. */
const gateFor = Effect.fnUntraced(function*({ gate, session }: Pick<Ready, "gate" | "session">, work: Work) {
  if (gate === null) return undefined
  const config = yield* RunnerConfig
  const env = yield* gate.forTask({
    task: work.task,
    worktree: work.worktree.path,
    allowReadOnly: config.allow_read_only_commands,
    searchPath: session.searchPath,
    folder: work.logFolder
  })
  return { settings: gate.settings, env }
})

/** The same work, with each denial told, masked, as it happens; none where there is no gate. */
export const tellDenials = (
  { gate }: Pick<Ready, "gate">,
  { logFolder, task }: Pick<Work, "logFolder" | "task">,
  { emit, redact }: Pick<RunContext, "emit" | "redact">
) =>
<A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  gate === null ? work : followDenials(logFolder, ({ reason, tool, what }) =>
    emit({
      _tag: "TaskDenied",
      task_id: task.taskId,
      denied: { tool, what: redact(what), reason: redact(reason) }
    }))(work)

const withIdleLimit =
  (seconds: number | undefined) => <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E | TaskTimedOut, R> =>
    seconds === undefined
      ? stream
      : Stream.timeoutFail(stream, () => new TaskTimedOut({ clock: "idle", seconds }), Duration.seconds(seconds))

const errorKinds: Readonly<Record<string, TaskError["kind"]>> = {
  WorktreeFailed: "worktree",
  SetupFailed: "setup",
  StoreFailed: "disk",
  PolicyNotWritten: "gate",
  EnforcementBreach: "policy",
  TooManyCalls: "policy",
  ProcessFailed: "codex_crashed",
  SpawnFailed: "codex_missing"
}

/** What a stage failed with, as a task's error. */
export const errorOf = (failure: { readonly _tag: string; readonly message: string }): TaskError => {
  const kind = kindOf(failure)
  return {
    kind,
    message: failure instanceof SpawnFailed && failure.missing === "program"
      ? `${failure.message}. Install it with: npm install -g @openai/codex`
      : kind === "disk"
      ? askingOfDisk(failure.message)
      : failure.message
  }
}

const kindOf = (failure: { readonly _tag: string; readonly message: string }): TaskError["kind"] =>
  failure instanceof TaskTimedOut
    ? failure.clock === "wall" ? "timeout" : "idle_timeout"
    // What it says holds the model's words.
    : errorKinds[failure._tag] === "policy"
    ? "policy"
    : (failure instanceof WorktreeFailed ? isGitsDiskTrouble : isDiskTrouble)(failure.message)
    ? "disk"
    : isMissingFolder(failure)
    ? "worktree"
    : errorKinds[failure._tag] ?? "internal"

/** A Codex whose worktree is gone is not missing itself. */
const isMissingFolder = (failure: { readonly _tag: string }): boolean =>
  failure instanceof SpawnFailed && failure.missing === "cwd"
