/** The counts and times of runs, taken from what happens in them. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { TaskResult, Usage } from "../domain/Result.ts"
import type { Watch } from "../domain/RunEvent.ts"
import { attribute } from "./attributes.ts"

const counter = (name: string, unit: string, description: string) =>
  Metric.tagged(Metric.counter(name, { description, incremental: true }), "unit", unit)

const seconds = (name: string, description: string) =>
  Metric.tagged(
    Metric.histogram(
      name,
      MetricBoundaries.fromIterable([1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200]),
      description
    ),
    "unit",
    "s"
  )

export const runs = counter("codex_runner.runs", "{run}", "Runs that ended, by status.")
export const tasks = counter("codex_runner.tasks", "{task}", "Tasks that ended, by status and kind of error.")
const runningTasks = Metric.tagged(
  Metric.counter("codex_runner.tasks.running", { description: "Tasks at work now." }),
  "unit",
  "{task}"
)
const taskDuration = seconds("codex_runner.task.duration", "From a task's worktree to its record, by status.")
const queueDuration = seconds("codex_runner.task.queue.duration", "What tasks waited for their turn.")
export const commands = counter("codex_runner.commands", "{command}", "Commands that the model had run.")
export const denials = counter("codex_runner.denials", "{call}", "Calls that the gate stopped before they happened.")
export const violations = counter("codex_runner.violations", "{violation}", "What was out of bounds, by kind.")
export const files = counter("codex_runner.files_changed", "{file}", "Files that tasks changed.")
export const tokens = counter(
  "codex_runner.tokens",
  "{token}",
  "Tokens by type; cached input is part of input, reasoning of output."
)

/** Counts what happens in one run. */
export const makeMeter = (): Watch => {
  let startedAt: number | undefined
  return (event) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      switch (event._tag) {
        case "RunStarted":
          startedAt = now
          return Effect.void
        case "TaskStageEntered":
          // The first of them.
          if (event.stage !== "worktree") return Effect.void
          return Effect.zipRight(
            Metric.incrementBy(runningTasks, 1),
            Metric.update(queueDuration, (now - (startedAt ?? now)) / 1000)
          )
        case "TaskFinished":
          return Effect.zipRight(Metric.incrementBy(runningTasks, -1), countTask(event.result))
        case "RunFinished":
          return Effect.zipRight(
            count(runs, 1, { [attribute.runStatus]: event.result.status }),
            Effect.forEach(
              event.result.results.filter((task) => task.status === "skipped"),
              (task) => count(tasks, 1, outcome(task)),
              { discard: true }
            )
          )
        default:
          return Effect.void
      }
    })
}

const count = (metric: Metric.Metric.Counter<number>, by: number, labels: Readonly<Record<string, string>> = {}) =>
  by === 0 ? Effect.void : Metric.incrementBy(labelled(metric, labels), by)

const labelled = <Type, In, Out>(
  metric: Metric.Metric<Type, In, Out>,
  labels: Readonly<Record<string, string>>
): Metric.Metric<Type, In, Out> =>
  Object.entries(labels).reduce((all, [name, value]) => Metric.tagged(all, name, value), metric)

const outcome = ({ error, status }: TaskResult): Readonly<Record<string, string>> => ({
  [attribute.taskStatus]: status,
  ...(error === null ? {} : { [attribute.errorType]: error.kind })
})

const countTask = (result: TaskResult) =>
  Effect.all([
    count(tasks, 1, outcome(result)),
    Metric.update(labelled(taskDuration, { [attribute.taskStatus]: result.status }), result.duration_ms / 1000),
    count(commands, result.commands_run.length),
    count(denials, result.denied.length),
    count(files, result.files_changed.length),
    ...result.violations.map(({ kind }) => count(violations, 1, { [attribute.violationKind]: kind })),
    ...(result.usage === null ? [] : countTokens(result.usage))
  ], { discard: true })

const countTokens = (usage: Usage) =>
  ([
    ["input", usage.input_tokens],
    ["cached_input", usage.cached_input_tokens],
    ["output", usage.output_tokens],
    ["reasoning_output", usage.reasoning_output_tokens]
  ] as const).map(([type, amount]) => count(tokens, amount, { [attribute.tokenType]: type }))
