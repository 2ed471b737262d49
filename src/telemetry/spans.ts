/** The spans of a run: `codex_runner.run`, in it one `codex_runner.task` for each task, in that one for each stage. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { TaskResult } from "../domain/Result.ts"
import type { TaskStage } from "../domain/RunEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { attribute, attributesOfTask } from "./attributes.ts"

/** A stage of the pipeline as a function with a span of its own. */
export const stage = (name: TaskStage) => Effect.fn(`codex_runner.task.${name}`)

/** A task's pipeline in its span, and its log lines with its name. */
export const taskSpan = ({ runId, taskId }: AdmittedTask) => <E, R>(pipeline: Effect.Effect<TaskResult, E, R>) =>
  pipeline.pipe(
    Effect.tap((result) => Effect.annotateCurrentSpan(attributesOfTask(result))),
    Effect.withSpan("codex_runner.task", { attributes: { [attribute.runId]: runId, [attribute.taskId]: taskId } }),
    Effect.annotateLogs("task_id", taskId)
  )

/**
 * The services at hand, without the span that is at work while a layer is
 * built: what a service does later belongs to the spans of its callers.
 */
export const servicesAtHand = <R>(): Effect.Effect<Context.Context<Exclude<R, Tracer.ParentSpan>>, never, R> =>
  Effect.map(Effect.context<R>(), Context.omit(Tracer.ParentSpan))
