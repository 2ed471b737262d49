/** Runs of one repository as their folders tell, whoever is at them: this process, another, or none any more. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { RunRejected } from "./domain/Problem.ts"
import type { RunState, RunSummary } from "./domain/RunState.ts"
import type { TaskStory } from "./domain/TaskStory.ts"
import { type CleanItem, type CleanPlan, type CleanRequest, cleanRuns, planClean } from "./run/cleanRuns.ts"
import { awaitRun, cancelRun, listRuns, runState, watchRun } from "./run/onRecord.ts"
import type { Stages } from "./run/Stages.ts"
import { taskStory } from "./run/story.ts"
import { taskLog, type TaskLogEntry, type TaskLogRequest } from "./run/taskLog.ts"
import { type OutputPage, type OutputQuery, taskOutput } from "./run/taskOutput.ts"
import { type TaskPatch, taskPatches } from "./run/taskPatch.ts"
import { servicesAtHand } from "./telemetry/spans.ts"

/**
 * Wherever a run is named, the start of its id will do where only one begins
 * so, and `last` for the latest. A name of none is refused, with the latest.
 */
export class Runs extends Context.Tag("codex-runner/Runs")<
  Runs,
  {
    /** Every run, oldest first. What dead runners left behind is cleared away before. */
    readonly list: Effect.Effect<ReadonlyArray<RunSummary>, RunRejected>
    readonly find: (run: string) => Effect.Effect<RunState, RunRejected>
    /** The run now, and again whenever something about it has changed; ends with the run. */
    readonly watch: (run: string) => Stream.Stream<RunSummary, RunRejected>
    /** The run once it is over, or as it stands when the time is. */
    readonly wait: (run: string, limit: Duration.DurationInput) => Effect.Effect<RunState, RunRejected>
    /** Ends a run, keeping what it did, and waits for that up to a minute. One that is over stays as it is. */
    readonly cancel: (run: string) => Effect.Effect<RunState, RunRejected>
    /** One task's story so far: what happened when, and its result. */
    readonly story: (run: string, task: string) => Effect.Effect<TaskStory, RunRejected>
    /** What Codex said and did, masked: of one task or of all; with `follow` as it comes, until that is over. */
    readonly log: (request: TaskLogRequest) => Stream.Stream<TaskLogEntry, RunRejected>
    /** The patch of one task, or of each. */
    readonly patches: (run: string, task?: string) => Effect.Effect<ReadonlyArray<TaskPatch>, RunRejected>
    /** What {@link clean} would remove, and the room that frees. */
    readonly planClean: (request: CleanRequest) => Effect.Effect<CleanPlan, RunRejected>
    /** Removes what was planned. A run in which anything happened meanwhile is left alone: given is what was. */
    readonly clean: (plan: CleanPlan) => Effect.Effect<ReadonlyArray<CleanItem>, RunRejected>
    /** A page of a task's patch or of one of its logs, secrets masked; empty where there is none (yet). */
    readonly output: (query: OutputQuery) => Effect.Effect<OutputPage, RunRejected>
  }
>() {
  /** Over whatever stages are provided. */
  static readonly layerStages: Layer.Layer<Runs, never, Stages> = Layer.effect(
    Runs,
    Effect.map(servicesAtHand<Stages>(), (stages) =>
      Runs.of({
        list: Effect.provide(listRuns(), stages),
        find: (run) => Effect.provide(runState(run), stages),
        watch: (run) => Stream.provideContext(watchRun(run), stages),
        wait: (run, limit) => Effect.provide(awaitRun(run, limit), stages),
        cancel: (run) => Effect.provide(cancelRun(run), stages),
        story: (run, task) => Effect.provide(taskStory(run, task), stages),
        log: (request) => Stream.provideContext(taskLog(request), stages),
        patches: (run, task) => Effect.provide(taskPatches(run, task), stages),
        planClean: (request) => Effect.provide(planClean(request), stages),
        clean: (plan) => Effect.provide(cleanRuns(plan), stages),
        output: (query) => Effect.provide(taskOutput(query), stages)
      }))
  )
}
