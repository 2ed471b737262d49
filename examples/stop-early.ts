/**
 * An Effect program that embeds a run and reacts to what happens in it: it
 * tells of each task as it ends, and once two have failed it cancels the rest.
 * What was done until then is kept, and `CodexRunner.resume` would go on.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CodexRunner, RunId, type RunRequest, Runs, shippedStages, TaskId, type TaskResult } from "codex-mcp-runner"
import { type CodexScript, failedTurn, layerScriptedCodex, writes } from "codex-mcp-runner/testing"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { playground } from "./playground.ts"

const runId = RunId.make("nightly")

const request: RunRequest = {
  run_id: runId,
  concurrency: 1,
  tasks: ["prices", "taxes", "discounts", "shipping", "receipts"].map((part) => ({
    task_id: TaskId.make(part),
    prompt: `Add ${part} to the cart.`
  }))
}

/** Here a chat message would be sent, or a dashboard told. */
const tell = ({ error, files_changed, status, task_id }: TaskResult) =>
  Console.log(`${task_id}: ${status}${error === null ? `, ${files_changed.join(", ")}` : `, ${error.message}`}`)

const program = Effect.gen(function*() {
  const runs = yield* Runs
  const failures = yield* Ref.make(0)
  yield* CodexRunner.events(request).pipe(
    Stream.runForEach((event) =>
      Effect.gen(function*() {
        if (event._tag === "RunFinished") {
          const { results, status } = event.result
          return yield* Console.log(`${status}: ${results.map((task) => `${task.task_id} ${task.status}`).join(", ")}`)
        }
        if (event._tag !== "TaskFinished") return
        yield* tell(event.result)
        if (event.result.status !== "failed" || (yield* Ref.updateAndGet(failures, (n) => n + 1)) !== 2) return
        yield* Console.log("Two tasks have failed: the rest is cancelled.")
        yield* runs.cancel(runId)
      })
    )
  )
}).pipe(
  Effect.catchTag("RunRejected", (rejected) => Console.error(rejected.message))
)

/** In place of Codex: prices come out well, taxes and discounts don't, and the others would take for ever. */
const script: CodexScript = (job) => {
  switch (job.task.taskId) {
    case "prices":
      return writes({ "src/prices.ts": "export {}\n" })(job)
    case "taxes":
    case "discounts":
      return Stream.fromIterable(failedTurn("usage limit reached"))
    default:
      return Stream.never
  }
}

const runner = CodexRunner.layerStages.pipe(
  Layer.provide(layerScriptedCodex(script)),
  Layer.provide(shippedStages),
  Layer.provide(playground),
  Layer.provide(NodeContext.layer)
)

program.pipe(Effect.provide(runner), NodeRuntime.runMain)
