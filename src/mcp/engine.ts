/** The engine behind the protocol: loaded with the first call that needs it, and with it all of Effect. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { maskFor } from "../audit/redaction.ts"
import type { RunRejected } from "../domain/Problem.ts"
import type { Level } from "../telemetry/levels.ts"
import { asCommand, observation } from "../telemetry/observed.ts"
import type { Call } from "./call.ts"
import { type Failure, replyOf } from "./failures.ts"
import { awaitTheRun, cancelRun, listRuns, runTasks, taskOutput } from "./handlers.ts"
import type { ServerPlace } from "./places.ts"
import type { Reply } from "./replies.ts"
import { Repositories } from "./Repositories.ts"
import { completeId, listResources, noResource, readResource } from "./resources.ts"
import { reviewPlan } from "./reviewPlan.ts"
import { Reviews } from "./reviews.ts"

export interface EngineOptions {
  readonly server: ServerPlace
  readonly allowDangerFullAccess: boolean
  readonly level?: Level | undefined
  readonly platform: Layer.Layer<CommandExecutor | FileSystem | Path>
}

export type Engine = Awaited<ReturnType<typeof makeEngine>>

type Handler = (call: Call) => Effect.Effect<Reply, Failure, Repositories | Reviews>

/** The edge: from here on promises, for the protocol's library. */
export const makeEngine = async ({ allowDangerFullAccess, level, platform, server }: EngineOptions) => {
  // Never closed: to close it would end the runs in good order, for which a client that is gone leaves no time.
  const scope = Effect.runSync(Scope.make())
  const mask = maskFor(server.env)
  // Of its own, for what is told of the runs must still be sent when they are over.
  const observing = Effect.runSync(Scope.make())
  const observer = await Effect.runPromise(
    Scope.extend(Layer.toRuntime(observation({ env: server.env, level, mask })), observing)
  )
  const layer = Layer.mergeAll(Repositories.layer(server), Reviews.layer).pipe(
    Layer.provide(Layer.succeed(Scope.Scope, scope)),
    Layer.provideMerge(platform)
  )
  const runtime = await Runtime.runPromise(observer, Scope.extend(Layer.toRuntime(layer), scope))
  const run = Runtime.runPromiseExit(runtime)
  const handlers: Readonly<Record<string, Handler>> = {
    run_codex_tasks: runTasks(allowDangerFullAccess, scope),
    await_run: awaitTheRun,
    get_task_output: taskOutput,
    list_runs: listRuns,
    cancel_run: cancelRun,
    review_plan_with_codex: reviewPlan
  }

  /** For the protocol's other requests: nothing, where it can't be told. */
  const orElse = async <A>(effect: Effect.Effect<A, RunRejected, Repositories>, otherwise: A, signal: AbortSignal) => {
    const exit = await run(effect, { signal })
    return Exit.isSuccess(exit) ? exit.value : otherwise
  }

  return {
    /** Answers a call of a tool; the signal ends the wait for it, and nothing else. */
    call: async (tool: string, call: Call, signal: AbortSignal): Promise<Reply> => {
      const handler = handlers[tool]
      if (handler === undefined) throw new Error(`no handler of ${tool}`)
      const exit = await run(
        handler(call).pipe(
          Effect.tapErrorCause((cause) =>
            Cause.isFailure(cause) || Cause.isInterruptedOnly(cause)
              ? Effect.void
              : Effect.logError(`${tool} failed`, cause)
          ),
          asCommand(tool, server.env)
        ),
        { signal }
      )
      if (Exit.isSuccess(exit)) return exit.value
      // Of an interrupted call nothing is sent.
      return replyOf(tool, exit.cause, mask) ?? { content: [] }
    },
    listResources: (cursor: string | undefined, signal: AbortSignal) =>
      orElse(listResources(cursor), { resources: [] }, signal),
    /** The resource, or why there is none. */
    readResource: (uri: string, signal: AbortSignal) =>
      orElse(Effect.catchAll(readResource(uri), (none) => Effect.succeed({ none })), { none: noResource }, signal),
    completeId: (argument: string, value: string, runId: string | undefined, signal: AbortSignal) =>
      orElse(completeId(argument, value, runId), [], signal),
    /** Ends every process of every run that lives in this server, at once; nothing more is recorded. */
    abandon: async (): Promise<void> => {
      await run(
        Effect.flatMap(Repositories, ({ opened }) => opened).pipe(
          Effect.flatMap(Effect.forEach(({ runner }) => runner.abandon, { concurrency: "unbounded", discard: true }))
        )
      )
      await Effect.runPromise(Scope.close(observing, Exit.void))
    }
  }
}
