/** The tools: what comes in decoded, the engine asked, what comes out told. Nothing is decided here. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { RunRejected } from "../domain/Problem.ts"
import type { RunSummary } from "../domain/RunState.ts"
import { bothProblems, type Call, read, refuse, repoDirOf } from "./call.ts"
import { decodeCursor } from "./cursor.ts"
import { listReply, outputReply } from "./lookReplies.ts"
import { type Say, withProgress } from "./progress.ts"
import { callOf, type Reply, reply } from "./replies.ts"
import { type Opened, Repositories } from "./Repositories.ts"
import { runNamed } from "./runNamed.ts"
import { runReply } from "./runReply.ts"
import * as schemas from "./schemas.ts"
import { headline, isTaskOver, progressOf, progressWords } from "./words.ts"

const readRunTasks = read(schemas.RunTasksInput)
const readAwaitRun = read(schemas.AwaitRunInput)
const readCancelRun = read(schemas.CancelRunInput)
const readListRuns = read(schemas.ListRunsInput)
const readTaskOutput = read(schemas.TaskOutputInput)

/** Starts a run, or finds the one of the same name and request, and waits a while for it. */
export const runTasks = (allowDangerFullAccess: boolean, server: Scope.Scope) => ({ args, send }: Call) =>
  withProgress(send, (say) =>
    Effect.gen(function*() {
      const from = yield* Clock.currentTimeMillis
      const decoded = readRunTasks(args)
      const repositories = yield* Repositories
      // What is wrong with the configuration is told beside what is wrong with the arguments.
      const opened = yield* Effect.either(repositories.toStart(repoDirOf(args)))
      if (Either.isLeft(decoded) || Either.isLeft(opened)) return yield* bothProblems(decoded, opened)
      const { detach = false, repo_dir, wait_sec = schemas.defaultWaitSec, ...request } = decoded.right
      const at = opened.right
      if (at.config.sandbox_mode === "danger-full-access" && !allowDangerFullAccess) return yield* dangerous
      const starting = detach ? at.runner.detach(request) : Scope.extend(at.runner.start(request), server)
      // A call that is cancelled meanwhile ends its wait alone.
      const runId = yield* Effect.flatMap(Effect.forkIn(starting, server), Fiber.join)
      const waited = (yield* Clock.currentTimeMillis) - from
      return yield* awaitRun(at, runId, Math.max(0, wait_sec * 1000 - waited), say).pipe(
        Effect.map((state) => runReply({ state, taken: new Set(), repository: at.root, repoDir: repo_dir }))
      )
    }))

const dangerous = new RunRejected({
  problems: [{
    area: "environment",
    at: "sandbox_mode",
    message: "danger-full-access is not taken from an agent.",
    remedy: "Set another sandbox_mode, or let the user start this server with --allow-danger-full-access."
  }]
})

/** The run once it is over, or as it stands after so many milliseconds. */
const awaitRun = ({ runs }: Opened, runId: string, ms: number, say: Say) =>
  Effect.scoped(Effect.zipRight(
    Effect.forkScoped(Effect.ignore(Stream.runForEach(runs.watch(runId), (summary) => tell(say, summary)))),
    runs.wait(runId, Duration.millis(ms))
  ))

const tell = (say: Say, summary: RunSummary) => {
  const progress = progressOf(summary)
  return say({ done: progress.done, total: progress.total, message: progressWords(progress) })
}

export const awaitTheRun = ({ args, send }: Call) =>
  withProgress(send, (say) =>
    Effect.gen(function*() {
      const { cursor, repo_dir, wait_sec = schemas.defaultWaitSec, ...named } = yield* readAwaitRun(args)
      const at = yield* Effect.flatMap(Repositories, ({ toLook }) => toLook(repo_dir))
      const { summary } = yield* at.runs.find(named.run_id)
      const { run_id } = summary
      const taken = cursor === undefined ? new Set<number>() : decodeCursor(run_id, cursor, summary.tasks.length)
      if (taken === undefined) {
        return yield* refuse("cursor", "is none of this run.", "Leave it out, or give next_cursor of an earlier reply.")
      }
      const state = yield* awaitRun(at, run_id, wait_sec * 1000, say)
      return runReply({ state, taken, repository: at.root, repoDir: repo_dir })
    }))

export const cancelRun = ({ args, send }: Call) =>
  withProgress(send, (say) =>
    Effect.gen(function*() {
      const { repo_dir, run_id } = yield* readCancelRun(args)
      const at = yield* Effect.flatMap(Repositories, ({ toLook }) => toLook(repo_dir))
      yield* runNamed(at, run_id)
      yield* say({ done: 0, total: undefined, message: `ending run ${run_id}` })
      // It waits for the end up to a minute, which is longer than some clients do.
      const { result, summary } = yield* Effect.flatten(Effect.timeoutTo(at.runs.cancel(run_id), {
        duration: Duration.seconds(schemas.defaultWaitSec),
        onSuccess: Effect.succeed,
        onTimeout: () => at.runs.find(run_id)
      }))
      const progress = progressOf(summary)
      const next = `${summary.status === "running" ? "It has not ended yet, but will. " : ""}See what it did with ${
        callOf("await_run", { run_id, repo_dir })
      }`
      const structured: schemas.CancelReply = {
        run_id: summary.run_id,
        status: summary.status,
        tasks: progress.total,
        done: progress.done,
        succeeded: progress.succeeded,
        next
      }
      return reply(`${headline(summary, progress, result.total_duration_ms)}\n${next}`, structured)
    }))

export const listRuns = ({ args }: Call): Effect.Effect<Reply, RunRejected, Repositories> =>
  Effect.gen(function*() {
    const { cursor, limit = 20, repo_dir } = yield* readListRuns(args)
    const at = yield* Effect.flatMap(Repositories, ({ toLook }) => toLook(repo_dir))
    const newestFirst = [...(yield* at.runs.list)].reverse()
    const after = cursor === undefined ? 0 : newestFirst.findIndex(({ run_id }) => run_id === cursor) + 1
    if (cursor !== undefined && after === 0) {
      return yield* refuse("cursor", "names no run that is there.", "Leave it out to begin anew.")
    }
    return listReply({ repository: at.root, repoDir: repo_dir, runs: newestFirst.slice(after), limit })
  })

export const taskOutput = ({ args }: Call): Effect.Effect<Reply, RunRejected, Repositories> =>
  Effect.gen(function*() {
    const { limit = schemas.maxPageCharacters, offset = 0, repo_dir, task_id, what, ...named } = yield* readTaskOutput(
      args
    )
    const at = yield* Effect.flatMap(Repositories, ({ toLook }) => toLook(repo_dir))
    // Before it is read: what is at its end then is all there will be.
    const { summary } = yield* at.runs.find(named.run_id)
    const isOver = isTaskOver(summary, task_id)
    // The next page is of the same run, also where `last` is another by then.
    const { run_id } = summary
    const page = (size: number): Effect.Effect<Reply, RunRejected> =>
      Effect.flatMap(at.runs.output({ run_id, task_id, what, offset, limit: size }), (got) => {
        const made = outputReply({ query: { run_id, task_id, what }, page: got, isOver, repoDir: repo_dir })
        // Bytes are what counts, and some characters take six of them.
        return made === undefined ? page(Math.max(1, Math.floor(size / 2))) : Effect.succeed(made)
      })
    return yield* page(limit)
  })
