/** What the live view knows: a value, folded from the run's events, that stays small however much happens. */
import { lastAction } from "../../audit/lastAction.ts"
import { oneLine } from "../../audit/plainText.ts"
import type { CodexEvent } from "../../domain/CodexEvent.ts"
import type { RunResult, TaskResult, TaskStatus } from "../../domain/Result.ts"
import type { RunEvent, TaskStage } from "../../domain/RunEvent.ts"

/** How far a task is, until it has a status. */
export type Phase = "waiting" | "preparing" | "working" | "checking" | TaskStatus

export interface LiveTask {
  readonly id: string
  readonly phase: Phase
  /** Milliseconds since the epoch, as all times here; null while it waits. */
  readonly startedAt: number | null
  /** When its wall clock runs out, while Codex works. */
  readonly limitAt: number | null
  /** A few words on what it does; of a task that has ended why it failed, or its closing words. */
  readonly action: string
  readonly commands: number
  /** Commands that run, by Codex's ids. */
  readonly running: ReadonlySet<string>
  readonly denied: number
  /** null until Codex tells, at the end of a turn. */
  readonly tokens: number | null
  /** Files changed, as Codex tells of its edits; in the end, what is on disk. */
  readonly files: number
  /** Their paths, as far as Codex has told them. */
  readonly edited: ReadonlySet<string>
  readonly ended: { readonly at: number; readonly durationMs: number } | null
}

export interface LiveState {
  readonly startedAt: number
  /** In the order of the request. */
  readonly tasks: ReadonlyMap<string, LiveTask>
  /** Runs that are under way. More than one where they are shown together. */
  readonly runs: number
  /** Signals that asked for an end. */
  readonly signals: number
}

export const initial = (now: number): LiveState => ({ startedAt: now, tasks: new Map(), runs: 0, signals: 0 })

/** The state after one more signal to end. */
export const signalled = (state: LiveState): LiveState => ({ ...state, signals: state.signals + 1 })

export const hasEnded = ({ ended }: LiveTask): boolean => ended !== null

/** Ids or paths of one task that are told apart; with more, a count is no longer exact. */
const maxDistinct = 1_000

/** Characters of a closing word or a reason. */
const maxActionCharacters = 300

const waiting = (id: string): LiveTask => ({
  id,
  phase: "waiting",
  startedAt: null,
  limitAt: null,
  action: "",
  commands: 0,
  running: new Set(),
  denied: 0,
  tokens: null,
  files: 0,
  edited: new Set(),
  ended: null
})

/** The state after one more event, which came at `now`. */
export const step = (state: LiveState, event: RunEvent, now: number): LiveState => {
  switch (event._tag) {
    case "RunStarted": {
      const tasks = new Map(state.tasks)
      for (const id of event.tasks) tasks.set(id, waiting(id))
      return { ...state, tasks, runs: state.runs + 1 }
    }
    case "TaskStageEntered":
      return update(state, event.task_id, (task) => ({
        ...task,
        phase: phaseOf[event.stage],
        startedAt: task.startedAt ?? now,
        limitAt: event.timeout_sec === undefined ? null : now + 1000 * event.timeout_sec
      }))
    case "TaskCodexEvent":
      return update(state, event.task_id, (task) => stepCodex(task, event.event))
    case "TaskDenied":
      return update(state, event.task_id, (task) => ({
        ...task,
        denied: task.denied + 1,
        action: oneLine(`denied: ${event.denied.what}`, maxActionCharacters)
      }))
    case "TaskNote":
      return state
    case "TaskFinished":
      return update(state, event.task_id, (task) => finished(task, event.result, now))
    case "RunFinished":
      return settled({ ...state, runs: state.runs - 1 }, event.result, now)
  }
}

const phaseOf: Readonly<Record<TaskStage, Phase>> = {
  worktree: "preparing",
  setup: "preparing",
  codex: "working",
  capture: "checking",
  record: "checking"
}

/** A task that nobody announced is one, too: a review has no `RunStarted`. */
const update = (state: LiveState, id: string, change: (task: LiveTask) => LiveTask): LiveState => ({
  ...state,
  tasks: new Map(state.tasks).set(id, change(state.tasks.get(id) ?? waiting(id)))
})

const stepCodex = (task: LiveTask, event: CodexEvent): LiveTask => {
  const seen = { ...task, action: lastAction(event) ?? task.action }
  switch (event.type) {
    case "item.started":
    case "item.updated":
    case "item.completed": {
      const { item } = event
      const ends = event.type === "item.completed"
      if (item.type === "command_execution") return countCommand(seen, item.id, ends)
      if (item.type === "file_change" && ends && item.status !== "failed") {
        const edited = withAll(seen.edited, item.changes.map(({ path }) => path))
        return { ...seen, edited, files: edited.size }
      }
      return seen
    }
    case "turn.completed":
      return event.usage === null ? seen : { ...seen, tokens: event.usage.input_tokens + event.usage.output_tokens }
    default:
      return seen
  }
}

/** Of a command that fails at once Codex tells the end alone. */
const countCommand = (task: LiveTask, id: string, ends: boolean): LiveTask => {
  const known = task.running.has(id)
  const commands = known ? task.commands : task.commands + 1
  if (!ends) return { ...task, commands, running: withAll(task.running, [id]) }
  const running = new Set(task.running)
  running.delete(id)
  return { ...task, commands, running }
}

const withAll = (known: ReadonlySet<string>, more: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set([...known, ...more].slice(0, maxDistinct))

const finished = (task: LiveTask, result: TaskResult, now: number): LiveTask => ({
  ...task,
  phase: result.status,
  limitAt: null,
  action: oneLine(result.error?.message ?? result.summary, maxActionCharacters),
  commands: result.commands_run.length,
  running: new Set(),
  denied: result.denied.length,
  tokens: result.usage === null ? task.tokens : result.usage.input_tokens + result.usage.output_tokens,
  files: result.files_changed.length,
  edited: new Set(),
  ended: { at: now, durationMs: result.duration_ms }
})

/** A run's end tells of the tasks that never started. */
const settled = (state: LiveState, { results }: RunResult, now: number): LiveState => {
  const tasks = new Map(state.tasks)
  for (const result of results) {
    const task = tasks.get(result.task_id) ?? waiting(result.task_id)
    if (task.ended === null) tasks.set(task.id, finished(task, result, now))
  }
  return { ...state, tasks }
}
