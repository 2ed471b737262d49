/** The facade: every stage wired, behind a few methods. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import { Codex } from "./codex/Codex.ts"
import type { RunnerConfig } from "./config/RunnerConfig.ts"
import type { RunRejected } from "./domain/Problem.ts"
import type { RunResult } from "./domain/Result.ts"
import type { RunEvent } from "./domain/RunEvent.ts"
import type { RunRequest } from "./domain/Task.ts"
import { Gate } from "./gate/Gate.ts"
import { Git } from "./git/Git.ts"
import { RepoLock } from "./git/RepoLock.ts"
import { Patches } from "./patch/Patches.ts"
import { SecurityPolicy } from "./policy/SecurityPolicy.ts"
import { Host } from "./process/Host.ts"
import { Processes } from "./process/Processes.ts"
import { type Check, examine } from "./run/doctor.ts"
import { startRun } from "./run/startRun.ts"
import { type RunVerdict, verifyRuns } from "./run/verifyRuns.ts"
import { RunStore } from "./store/RunStore.ts"
import { Trash } from "./worktree/Trash.ts"
import { Worktrees } from "./worktree/Worktrees.ts"

/** Everything a run is made of; each can be replaced. */
export type Stages =
  | Codex
  | FileSystem
  | Gate
  | Git
  | Host
  | Patches
  | Processes
  | RepoLock
  | RunnerConfig
  | RunStore
  | SecurityPolicy
  | Trash
  | Worktrees

/** Events that may wait for a slow reader of {@link CodexRunner.events}; then the run waits. */
const eventsAhead = 1024

export class CodexRunner extends Context.Tag("codex-runner/CodexRunner")<
  CodexRunner,
  {
    /**
     * Runs the tasks and gives a result for each, in the order of the request.
     * Fails only where the request as a whole is refused, with every problem.
     * Interrupting the fiber cancels the run: its processes end, its worktrees
     * go, what was done is kept. `watch` is told everything that happens, in
     * order, also after an interruption; the run waits for it.
     */
    readonly run: (
      request: RunRequest,
      watch?: (event: RunEvent) => Effect.Effect<void>
    ) => Effect.Effect<RunResult, RunRejected>
    /** The same run as what happens in it, ending with `RunFinished`. Closing the stream cancels the run. */
    readonly events: (request: RunRequest) => Stream.Stream<RunEvent, RunRejected>
    /** Everything a run needs, checked one by one; proves the gate anew. */
    readonly examine: Effect.Effect<ReadonlyArray<Check>>
    /** Holds the signed records of a run, or of all, against what lies on disk. */
    readonly verify: (runId?: string) => Effect.Effect<ReadonlyArray<RunVerdict>, RunRejected>
  }
>() {
  /** The facade over whatever stages are provided. */
  static readonly layerStages: Layer.Layer<CodexRunner, never, Stages> = Layer.effect(
    CodexRunner,
    Effect.map(Effect.context<Stages>(), (stages) => {
      const start = (request: RunRequest, watch: (event: RunEvent) => Effect.Effect<void>) =>
        Effect.provide(startRun(request, watch), stages)
      return CodexRunner.of({
        run: (request, watch = () => Effect.void) => start(request, watch),
        examine: Effect.provide(examine(), stages),
        verify: (runId) => Effect.provide(verifyRuns(runId), stages),
        events: (request) =>
          Stream.unwrapScoped(Effect.gen(function*() {
            const queue = yield* Queue.bounded<Take.Take<RunEvent, RunRejected>>(eventsAhead)
            const tell = (take: Take.Take<RunEvent, RunRejected>) =>
              Effect.catchAllCause(Queue.offer(queue, take), () => Effect.void)
            const run = start(request, (event) => tell(Take.of(event))).pipe(
              Effect.matchCauseEffect({
                onFailure: (cause) => tell(Take.failCause(cause)),
                onSuccess: () => tell(Take.end)
              }),
              Effect.interruptible
            )
            // The queue first: an offer that waits for room can't be interrupted where the pipeline must not be.
            yield* Effect.acquireRelease(Effect.forkDaemon(run), (fiber) =>
              Effect.zipRight(Queue.shutdown(queue), Fiber.interrupt(fiber)))
            return Stream.flattenTake(Stream.fromQueue(queue))
          }))
      })
    })
  )

  /** Every stage as it ships, for another environment or folder than this process's own. */
  static readonly layerHost: Layer.Layer<CodexRunner, never, RunnerConfig | CommandExecutor | FileSystem | Host> =
    CodexRunner.layerStages.pipe(
      Layer.provide(Layer.mergeAll(Codex.layer, Gate.layer, Patches.layer, SecurityPolicy.layer, Worktrees.layer)),
      Layer.provide(Layer.mergeAll(Git.layer, RepoLock.layer, RunStore.layer, Trash.layer)),
      Layer.provide(Processes.layer)
    )

  /** Every stage as it ships, in the folder that this process was started in. */
  static readonly layer: Layer.Layer<CodexRunner, never, RunnerConfig | CommandExecutor | FileSystem> = CodexRunner
    .layerHost.pipe(Layer.provide(Host.layer))
}
