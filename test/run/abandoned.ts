/** Runs whose runner is gone in the middle of them, as kill -9 would leave them. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { CodexRunner } from "../../src/CodexRunner.ts"
import type { CodexScript } from "../../src/testing.ts"
import type { GitRepo } from "../support/GitRepo.ts"
import { pipeline, type PipelineOptions, requestFor, stateOf, writes } from "./pipeline.ts"

/** Writes a file, tells that it has, and goes on for ever; the tasks named `good` end well. */
export const lingers = (begun: Deferred.Deferred<void>): CodexScript => (job) =>
  job.task.taskId.startsWith("good")
    ? writes({ [`src/${job.task.taskId}.txt`]: "good\n" })(job)
    : writes({ "src/half.txt": "half\n" })(job).pipe(
      Stream.takeUntil(({ _tag }) => _tag === "Event"),
      Stream.tap(() => Deferred.succeed(begun, undefined)),
      Stream.concat(Stream.never)
    )

/** Linux gives none above 2^22. */
const beyondEveryPid = 2 ** 22 + 1

/** As it is when the runner's process is gone: the run's owner, and what it had not yet deleted. */
export const disowned = (repo: GitRepo, runId: string): void => {
  const state = stateOf(repo)
  const owner = `${state}/runs/${runId}/owner.json`
  Fs.writeFileSync(owner, JSON.stringify({ pid: 1, start_time: "0", boot_id: "gone" }))
  Fs.utimesSync(owner, 0, 0)
  for (const name of Fs.existsSync(`${state}/trash`) ? Fs.readdirSync(`${state}/trash`) : []) {
    Fs.renameSync(`${state}/trash/${name}`, `${state}/trash/${name.replace(/^\d+/, String(beyondEveryPid))}`)
  }
}

export interface Abandonment {
  readonly ids?: ReadonlyArray<string>
  /** What is abandoned: by default the start of a run. */
  readonly work?: Effect.Effect<unknown, unknown, CodexRunner | Scope.Scope>
  readonly options?: PipelineOptions
  /** When it is abandoned: by default once a task that lingers has written its file. */
  readonly until?: Effect.Effect<void>
}

/** A run `r` of which one task is done, one at work, one waiting: by a runner that is abandoned in the middle. */
export const abandoned = (
  repo: GitRepo,
  { ids = ["good-1", "slow", "good-2"], options, until, work }: Abandonment = {}
) =>
  Effect.gen(function*() {
    const begun = yield* Deferred.make<void>()
    const scope = yield* Scope.make()
    yield* Effect.gen(function*() {
      const runner = yield* CodexRunner
      yield* Effect.forkDaemon(
        Scope.extend(work ?? runner.start(requestFor(ids, { run_id: "r", concurrency: 1 })), scope)
      )
      yield* until ?? Deferred.await(begun)
      yield* runner.abandon
    }).pipe(Effect.provide(pipeline(repo, lingers(begun), options)))
    disowned(repo, "r")
  })
