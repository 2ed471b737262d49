/** What a run's tasks share, made from the configuration and the runner's surroundings. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { makeRedactor, secretsOf } from "../audit/redaction.ts"
import { RunnerConfig } from "../config/RunnerConfig.ts"
import type { TaskResult } from "../domain/Result.ts"
import type { RunEvent, Watch } from "../domain/RunEvent.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { isSecretName } from "../policy/environment.ts"
import { Host } from "../process/Host.ts"
import { RunStore } from "../store/RunStore.ts"
import { makeObserver } from "../telemetry/observe.ts"
import type { Ready } from "./preflight.ts"
import type { RunContext } from "./RunContext.ts"

/** Under the conservative policy children give way to everything else. */
export const conservativeNiceness = 10

/** `results` gets each task's final result. */
export const makeContext = Effect.fnUntraced(function*(
  ready: Ready,
  watch: Watch,
  results: Ref.Ref<ReadonlyMap<string, TaskResult>>,
  earlier: RunContext["earlier"]
) {
  const config = yield* RunnerConfig
  const store = yield* RunStore
  const { env } = yield* Host
  const redactor = makeRedactor(secretsOf(env))
  const { layout, run } = ready
  const observe = makeObserver()
  const emit = (event: RunEvent) =>
    store.append(layout, run.runId, event).pipe(
      Effect.catchAll((error) => Effect.logWarning(error.message)),
      Effect.zipRight(observe(event)),
      Effect.zipRight(Effect.suspend(() => watch(event))),
      // A reader's bug is no task's.
      Effect.catchAllCause((cause) => Effect.logWarning("a reader of the run's events failed", cause))
    )
  const finish = Effect.fnUntraced(function*(task: AdmittedTask, result: TaskResult) {
    const final = yield* store.recordTask(layout, run.runId, result).pipe(
      Effect.as(result),
      Effect.catchAll((error): Effect.Effect<TaskResult> =>
        Effect.succeed({ ...result, status: "failed", error: { kind: "disk", message: error.message } })
      )
    )
    yield* Ref.update(results, (all) => new Map(all).set(task.taskId, final))
    yield* emit({ _tag: "TaskFinished", task_id: task.taskId, result: final })
  })
  return {
    ready,
    setup: {
      copy: config.setup?.copy ?? [],
      commands: config.setup?.commands ?? [],
      env: {
        ...Object.fromEntries(
          Object.entries(env).flatMap(([name, value]) =>
            value === undefined || isSecretName(name) ? [] : [[name, value]]
          )
        ),
        ...config.command_env
      }
    },
    niceness: run.resourcePolicy === "conservative" ? conservativeNiceness : undefined,
    earlier,
    redact: (text) => redactor.text(text),
    emit,
    finish
  } satisfies RunContext
})
