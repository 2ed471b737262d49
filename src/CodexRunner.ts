/** The facade: every stage wired, behind a few methods. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RunnerConfig } from "./config/RunnerConfig.ts"
import type { Applied, ApplyRequest, NotApplied } from "./domain/Apply.ts"
import type { RunConflicts } from "./domain/Conflicts.ts"
import type { PlanReview, PlanReviewFailed, PlanReviewRequest } from "./domain/PlanReview.ts"
import type { RunRejected } from "./domain/Problem.ts"
import type { RunResult } from "./domain/Result.ts"
import type { RunEvent, Watch } from "./domain/RunEvent.ts"
import type { RunId, RunRequest } from "./domain/Task.ts"
import { Host } from "./process/Host.ts"
import { Processes } from "./process/Processes.ts"
import { apply } from "./run/apply.ts"
import { conflicts } from "./run/conflicts.ts"
import { detachRun } from "./run/detachRun.ts"
import { type Check, examine } from "./run/doctor.ts"
import { eventStream } from "./run/eventStream.ts"
import { resumeRun } from "./run/resumeRun.ts"
import { reviewPlan } from "./run/reviewPlan.ts"
import { shippedStages, type Surroundings } from "./run/shippedStages.ts"
import type { Stages } from "./run/Stages.ts"
import { startInBackground } from "./run/startInBackground.ts"
import { startRun } from "./run/startRun.ts"
import { type RunVerdict, verifyRuns } from "./run/verifyRuns.ts"
import { Runs } from "./Runs.ts"
import { RunStore } from "./store/RunStore.ts"
import { servicesAtHand } from "./telemetry/spans.ts"

/** Runs tasks with Codex, reviews plans; the methods are static as well. For runs on record see {@link Runs}. */
export class CodexRunner extends Context.Tag("codex-runner/CodexRunner")<
  CodexRunner,
  {
    /**
     * Runs the tasks and gives a result for each, in the order of the request.
     * Fails only where the request as a whole is refused, with every problem.
     * Interrupting the fiber cancels the run: its processes end, its worktrees
     * go, what was done is kept. `watch` is told of it, also after an interruption.
     */
    readonly run: (request: RunRequest, watch?: Watch) => Effect.Effect<RunResult, RunRejected>
    /**
     * The same in the background: comes back once the run is on record, and the run goes on in the scope. Closing that
     * cancels it.
     */
    readonly start: (request: RunRequest, watch?: Watch) => Effect.Effect<RunId, RunRejected, Scope.Scope>
    /** The same in a runner process of its own, which outlives this one. */
    readonly detach: (request: RunRequest) => Effect.Effect<RunId, RunRejected>
    /**
     * Runs again what has no final result of a run that was cancelled, or whose runner died: from the same base commit,
     * under the configuration of today. A completed run comes back as it is. A run is named as in {@link Runs}.
     */
    readonly resume: (run: string, watch?: Watch) => Effect.Effect<RunResult, RunRejected>
    /** {@link resume}, in a runner process of its own. */
    readonly detachResume: (run: string) => Effect.Effect<RunId, RunRejected>
    /**
     * For a process that must end now: from here on nothing is recorded, and every process of its runs is killed. The
     * runs are left as `kill -9` would leave them: `interrupted`, for the next start to clear away and to resume.
     */
    readonly abandon: Effect.Effect<void>
    /** The same run as what happens in it, ending with `RunFinished`. Closing the stream cancels the run. */
    readonly events: (request: RunRequest) => Stream.Stream<RunEvent, RunRejected>
    /**
     * Lets Codex review a plan, in a read-only sandbox over a clean checkout of
     * `HEAD`. Fails where the request or the environment is no good, as a run
     * does, and where no review came of it, with the reason. Interrupting the
     * fiber ends it; nothing is left behind. `watch` is told what happens.
     */
    readonly reviewPlan: (
      request: PlanReviewRequest,
      watch?: Watch
    ) => Effect.Effect<PlanReview, RunRejected | PlanReviewFailed>
    /** Everything a run needs, checked one by one; proves the gate anew. */
    readonly examine: Effect.Effect<ReadonlyArray<Check>>
    /**
     * Puts the patches of a run's tasks into the checkout, staged, or on a new
     * branch, a commit for each; all or nothing. `NotApplied` holds every reason
     * why nothing was changed.
     */
    readonly apply: (request: ApplyRequest) => Effect.Effect<Applied, RunRejected | NotApplied>
    /** Which of a run's patches can't be put together, and in which files. Changes nothing. */
    readonly conflicts: (run: string) => Effect.Effect<RunConflicts, RunRejected>
    /** Holds the signed records of a run, or of all, against what lies on disk. */
    readonly verify: (run?: string) => Effect.Effect<ReadonlyArray<RunVerdict>, RunRejected>
  }
>() {
  // The methods, of whatever runner is provided.

  /** A result for each task. Interrupting it cancels the run; what was done is kept. */
  static readonly run = (
    request: RunRequest,
    watch?: Watch
  ): Effect.Effect<RunResult, RunRejected, CodexRunner> => Effect.flatMap(CodexRunner, (_) => _.run(request, watch))

  /** The run goes on in the scope. */
  static readonly start = (
    request: RunRequest,
    watch?: Watch
  ): Effect.Effect<RunId, RunRejected, CodexRunner | Scope.Scope> =>
    Effect.flatMap(CodexRunner, (_) => _.start(request, watch))

  /** The run goes on in a process of its own. */
  static readonly detach = (request: RunRequest): Effect.Effect<RunId, RunRejected, CodexRunner> =>
    Effect.flatMap(CodexRunner, (_) => _.detach(request))

  /** Runs again what has no final result. */
  static readonly resume = (run: string, watch?: Watch): Effect.Effect<RunResult, RunRejected, CodexRunner> =>
    Effect.flatMap(CodexRunner, (_) => _.resume(run, watch))

  /** What happens in the run. Closing the stream cancels it. */
  static readonly events = (request: RunRequest): Stream.Stream<RunEvent, RunRejected, CodexRunner> =>
    Stream.unwrap(Effect.map(CodexRunner, (_) => _.events(request)))

  /** What Codex finds in a plan. */
  static readonly reviewPlan = (
    request: PlanReviewRequest,
    watch?: Watch
  ): Effect.Effect<PlanReview, RunRejected | PlanReviewFailed, CodexRunner> =>
    Effect.flatMap(CodexRunner, (_) => _.reviewPlan(request, watch))

  /** Results into the checkout or on a branch, all or nothing. (Functions have a method of this name; nobody calls a tag by it.) */
  static override readonly apply = (
    request: ApplyRequest
  ): Effect.Effect<Applied, RunRejected | NotApplied, CodexRunner> =>
    Effect.flatMap(CodexRunner, (_) => _.apply(request))

  /** Which patches of a run do not go together. */
  static readonly conflicts = (run: string): Effect.Effect<RunConflicts, RunRejected, CodexRunner> =>
    Effect.flatMap(CodexRunner, (_) => _.conflicts(run))

  /** The facade over whatever stages are provided. */
  static readonly layerStages: Layer.Layer<CodexRunner | Runs, never, Stages> = Layer.merge(
    Runs.layerStages,
    Layer.effect(
      CodexRunner,
      Effect.map(servicesAtHand<Stages>(), (stages) => {
        const start = (request: RunRequest, watch: Watch) => Effect.provide(startRun(request, watch), stages)
        return CodexRunner.of({
          run: (request, watch = () => Effect.void) => start(request, watch),
          start: (request, watch = () => Effect.void) => startInBackground((tell) => start(request, tell), watch),
          detach: (request) => Effect.provide(detachRun({ _tag: "Run", request }), stages),
          resume: (run, watch = () => Effect.void) => Effect.provide(resumeRun(run, watch), stages),
          detachResume: (run) => Effect.provide(detachRun({ _tag: "Resume", run }), stages),
          abandon: Effect.provide(abandon, stages),
          reviewPlan: (request, watch = () => Effect.void) => Effect.provide(reviewPlan(request, watch), stages),
          examine: Effect.provide(examine(), stages),
          verify: (run) => Effect.provide(verifyRuns(run), stages),
          apply: (request) => Effect.provide(apply(request), stages),
          conflicts: (run) => Effect.provide(conflicts(run), stages),
          events: (request) => eventStream((watch) => start(request, watch))
        })
      })
    )
  )

  /** Every stage as it ships, for another environment or folder than this process's own. */
  static readonly layerHost: Layer.Layer<CodexRunner | Runs, never, Surroundings> = Layer.provide(
    CodexRunner.layerStages,
    shippedStages
  )

  /** Every stage as it ships, in the folder that this process was started in. */
  static readonly layer: Layer.Layer<CodexRunner | Runs, never, RunnerConfig | CommandExecutor | FileSystem> =
    CodexRunner
      .layerHost.pipe(Layer.provide(Host.layer))
}

const abandon = Effect.gen(function*() {
  const store = yield* RunStore
  const processes = yield* Processes
  yield* store.seal
  yield* processes.endAll
})
