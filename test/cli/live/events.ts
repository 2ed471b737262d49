/** Events as a run tells them, in short words, and their fold. */
import { initial, type LiveState, step } from "../../../src/cli/live/LiveState.ts"
import type { CodexEvent } from "../../../src/domain/CodexEvent.ts"
import type { RunResult, TaskResult } from "../../../src/domain/Result.ts"
import type { RunEvent, TaskStage } from "../../../src/domain/RunEvent.ts"
import { RunId, TaskId } from "../../../src/domain/Task.ts"

export const started = (...ids: ReadonlyArray<string>): RunEvent => ({
  _tag: "RunStarted",
  run_id: RunId.make("r"),
  base_commit: "c".repeat(40),
  concurrency: 2,
  tasks: ids.map((id) => TaskId.make(id)),
  warnings: [],
  run_dir: "/d"
})

export const enters = (id: string, stage: TaskStage, timeout_sec?: number): RunEvent => ({
  _tag: "TaskStageEntered",
  task_id: TaskId.make(id),
  stage,
  ...(timeout_sec === undefined ? {} : { timeout_sec })
})

export const says = (id: string, event: CodexEvent): RunEvent => ({
  _tag: "TaskCodexEvent",
  task_id: TaskId.make(id),
  event
})

export const command = (
  type: "item.started" | "item.completed",
  id: string,
  cmd = "npm test",
  exit_code = 0
): CodexEvent => ({
  type,
  item: {
    type: "command_execution",
    id,
    command: cmd,
    aggregated_output: "",
    exit_code: type === "item.started" ? null : exit_code,
    status: ""
  }
})

export const edit = (...paths: ReadonlyArray<string>): CodexEvent => ({
  type: "item.completed",
  item: { type: "file_change", id: "e", status: "completed", changes: paths.map((path) => ({ path, kind: "add" })) }
})

export const message = (text: string): CodexEvent => ({
  type: "item.completed",
  item: { type: "agent_message", id: "m", text }
})

export const denied = (id: string, what: string): RunEvent => ({
  _tag: "TaskDenied",
  task_id: TaskId.make(id),
  denied: { tool: "shell", what, reason: "no" }
})

export const finishes = (result: TaskResult): RunEvent => ({ _tag: "TaskFinished", task_id: result.task_id, result })

export const runEnds = (result: RunResult): RunEvent => ({ _tag: "RunFinished", result })

/** Events with the second in which each comes, folded from the second 0 on. */
export const fold = (...events: ReadonlyArray<readonly [second: number, event: RunEvent]>): LiveState =>
  events.reduce((state, [second, event]) => step(state, event, 1000 * second), initial(0))
