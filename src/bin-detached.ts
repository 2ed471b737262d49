/** A runner of its own for one run: told what to do on its standard input, see `run/detachedOrder.ts`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { renameSync, rmSync } from "node:fs"
import { text } from "node:stream/consumers"
import { maskFor } from "./audit/redaction.ts"
import * as Platform from "./bin-platform.ts"
import { CodexRunner } from "./CodexRunner.ts"
import { decodeConfig } from "./config/decodeConfig.ts"
import { RunnerConfig } from "./config/RunnerConfig.ts"
import type { RunEvent } from "./domain/RunEvent.ts"
import { Host } from "./process/Host.ts"
import { DetachedAnswer, DetachedOrder } from "./run/detachedOrder.ts"
import { observed } from "./telemetry/observed.ts"

const encodeAnswer = Schema.encodeSync(DetachedAnswer)

/** Whoever gave the order may be gone by now. */
const answer = (what: DetachedAnswer) =>
  Effect.async<void>((resume) => {
    process.stdout.end(`${encodeAnswer(what)}\n`, () => resume(Effect.void))
  })

/** Of what never was a run nobody reads the log; once it is a run, its log is in the run's folder. */
const forgetLog = ({ log }: DetachedOrder) => Effect.sync(() => rmSync(log, { force: true }))

const program = Effect.gen(function*() {
  const order = yield* Schema.decodeUnknown(DetachedOrder)(yield* Effect.promise(() => text(process.stdin)))
  const config = yield* decodeConfig(order.config)
  const watch = (event: RunEvent) =>
    event._tag === "RunStarted"
      ? Effect.zipRight(
        Effect.sync(() => renameSync(order.log, `${event.run_dir}/runner.log`)),
        answer({ _tag: "Started", run_id: event.run_id })
      )
      : Effect.void
  const layer = CodexRunner.layerHost.pipe(
    Layer.provide(Layer.succeed(RunnerConfig, { ...config, origin: { path: null, sha256: null, needsTrust: [] } })),
    Layer.provide(Layer.succeed(Host, { env: process.env, directory: order.directory }))
  )
  yield* Effect.flatMap(
    CodexRunner,
    (runner) => order.work._tag === "Run" ? runner.run(order.work.request, watch) : runner.resume(order.work.run, watch)
  ).pipe(
    // One that was there before was not started; it is on record all the same.
    Effect.tap(({ run_id }) => answer({ _tag: "Started", run_id })),
    Effect.catchTag(
      "RunRejected",
      ({ problems }) => Effect.zipRight(forgetLog(order), answer({ _tag: "Refused", problems }))
    ),
    Effect.onInterrupt(() => forgetLog(order)),
    Effect.provide(layer)
  )
})

process.stdout.on("error", () => undefined)
program.pipe(
  Effect.tapErrorCause((cause) =>
    Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError("the detached runner failed", cause)
  ),
  Effect.provide(Platform.layer),
  observed("detached", { env: process.env, mask: maskFor(process.env) }),
  NodeRuntime.runMain({ disablePrettyLogger: true, disableErrorReporting: true })
)
