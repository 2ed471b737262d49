/** Patches and logs as resources: `codex-run://{run_id}/{task_id}/patch` and `…/log`. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { RunRejected } from "../domain/Problem.ts"
import { RunId, TaskId } from "../domain/Task.ts"
import { outputUri } from "./clip.ts"
import { type Opened, Repositories } from "./Repositories.ts"
import { runNamed } from "./runNamed.ts"
import { mimeTypes } from "./templates.ts"
import { progressOf } from "./words.ts"

/** Characters of one resource; get_task_output has what is beyond. */
const maxResourceCharacters = 200_000
const perPage = 50

const Parts = Schema.Struct({ run_id: RunId, task_id: TaskId, what: Schema.Literal("patch", "log") })
const decodeParts = Schema.decodeUnknownOption(Parts)

/** By exact form alone: a name with `..` or a slash in it is no id. */
const parseUri = (uri: string): Option.Option<typeof Parts.Type> => {
  const [, run_id, task_id, what] = /^codex-run:\/\/([^/]+)\/([^/]+)\/([a-z]+)$/.exec(uri) ?? []
  return decodeParts({ run_id, task_id, what })
}

/** Where there may be such a run: the server's own repository, then all that were used. */
const everywhere: Effect.Effect<ReadonlyArray<Opened>, never, Repositories> = Effect.gen(function*() {
  const repositories = yield* Repositories
  const own = yield* Effect.option(repositories.toLook(undefined))
  return [...new Set([...Option.toArray(own), ...(yield* repositories.opened)])]
})

/** The tasks that are over, of the latest runs first; a cursor is the number of those before. */
export const listResources = (cursor: string | undefined) =>
  Effect.gen(function*() {
    const [own] = yield* everywhere
    if (own === undefined) return { resources: [] }
    const newestFirst = [...(yield* own.runs.list)].reverse()
    const from = /^\d{1,9}$/.test(cursor ?? "") ? Number(cursor) : 0
    const tasks = newestFirst.flatMap((run) => {
      const { running } = progressOf(run)
      return run.tasks
        .filter(({ state, task_id }) =>
          state !== "waiting" && state !== "skipped" && !running.some((one) => one.task_id === task_id)
        )
        .map(({ state, task_id }) => ({ run_id: run.run_id, task_id, state }))
    })
    const resources = tasks.slice(from, from + perPage).flatMap(({ run_id, state, task_id }) =>
      (["patch", "log"] as const).map((what) => ({
        uri: outputUri(run_id, task_id, what),
        name: `${what} of ${task_id} in ${run_id}`,
        description: `The task ended with ${state}.`,
        mimeType: mimeTypes[what]
      }))
    )
    return { resources, ...(tasks.length > from + perPage ? { nextCursor: String(from + perPage) } : {}) }
  })

export const noResource = "No such resource: codex-run://RUN/TASK/patch or /log; see list_runs."

/** The repositories that have the task; each once, whatever configurations it had. */
const havingTask = (runId: string, taskId: string) =>
  Effect.gen(function*() {
    const having = new Map<string, Opened>()
    for (const at of yield* everywhere) {
      const run = yield* Effect.option(runNamed(at, runId))
      const has = Option.exists(run, ({ summary }) => summary.tasks.some(({ task_id }) => task_id === taskId))
      if (has && !having.has(at.root)) having.set(at.root, at)
    }
    return [...having.values()]
  })

/** Fails with the reason where there is no such resource, or more than one: an address doesn't name its repository. */
export const readResource = (uri: string) =>
  Effect.gen(function*() {
    const { run_id, task_id, what } = yield* Effect.mapError(parseUri(uri), () => noResource)
    const [at, ...others] = yield* havingTask(run_id, task_id)
    if (at === undefined) return yield* Effect.fail(noResource)
    if (others.length > 0) {
      return yield* Effect.fail(
        "Several repositories have such a run: get_task_output, with repo_dir, reads the one that is meant."
      )
    }
    const { next_offset, text, total } = yield* Effect.mapError(
      at.runs.output({ run_id, task_id, what, offset: 0, limit: maxResourceCharacters }),
      () => noResource
    )
    const rest = next_offset === null
      ? ""
      : `\n[… this is the start, up to ${next_offset} of ${total}: get_task_output with offset ${next_offset} has the rest]\n`
    return { contents: [{ uri, mimeType: mimeTypes[what], text: `${text}${rest}` }] }
  })

/** Ids that begin with what was typed, of a template's variable. */
export const completeId = (
  argument: string,
  value: string,
  runId: string | undefined
): Effect.Effect<ReadonlyArray<string>, RunRejected, Repositories> =>
  Effect.gen(function*() {
    const [own] = yield* everywhere
    if (own === undefined) return []
    const runs = [...(yield* own.runs.list)].reverse()
    const ids = argument === "run_id"
      ? runs.map(({ run_id }) => run_id)
      : argument === "task_id"
      ? runs.filter(({ run_id }) => runId === undefined || run_id === runId)
        .flatMap(({ tasks }) => tasks.map(({ task_id }) => task_id))
      : []
    return [...new Set<string>(ids)].filter((id) => id.startsWith(value))
  })
