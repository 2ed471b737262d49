/** Which run, and which task of it, a person means: by name, by the start of a run's name, or `last`. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as path from "node:path"
import { nearest } from "../domain/nearest.ts"
import { type Problem, RunRejected } from "../domain/Problem.ts"
import { quotedShort } from "../domain/quoted.ts"
import { idOfName, RunId, type TaskId } from "../domain/Task.ts"
import { RunStore, type StoredRun } from "../store/RunStore.ts"
import type { Layout } from "../store/stateFolder.ts"

const decodeRunId = Schema.decodeUnknownOption(RunId)
const decodeCreated = Schema.decodeUnknownOption(Schema.parseJson(Schema.Struct({ created_at: Schema.String })))

/** ISO 8601; empty where the run's own record is missing or can't be read. */
const createdAt = (folder: string): string => {
  try {
    const record = decodeCreated(readFileSync(path.join(folder, "run.json"), "utf8"))
    return Option.match(record, { onNone: () => "", onSome: ({ created_at }) => created_at })
  } catch {
    return ""
  }
}

/**
 * The repository's runs, oldest first. By their folders, not by what the runs
 * say of themselves: that may be what was changed. One that can't say when it
 * was made comes before all others.
 */
export const knownRuns = (layout: Layout): ReadonlyArray<RunId> =>
  (existsSync(layout.runs) ? readdirSync(layout.runs, { withFileTypes: true }) : [])
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      Option.toArray(decodeRunId(idOfName(name))).map((id) => ({
        id,
        created: createdAt(path.join(layout.runs, name))
      }))
    )
    .sort((a, b) => a.created < b.created || (a.created === b.created && a.id < b.id) ? -1 : 1)
    .map(({ id }) => id)

/** Names told of where none was meant, the latest. */
const told = 5

/** The one of these runs, oldest first, that a name means: itself, the only one that begins so, or the latest for `last`. */
export const pickRun = (known: ReadonlyArray<RunId>, name: string): Either.Either<RunId, Problem> => {
  const exact = known.find((id) => id === name)
  if (exact !== undefined) return Either.right(exact)
  const latest = known.at(-1)
  if (name === "last" && latest !== undefined) return Either.right(latest)
  const starting = name === "" ? [] : known.filter((id) => id.startsWith(name))
  const [only, ...others] = starting
  if (only !== undefined && others.length === 0) return Either.right(only)
  if (only !== undefined) {
    return Either.left(
      problem(
        "run",
        `${starting.length} runs begin with ${quotedShort(name)}.`,
        `Say which: ${starting.slice(-told).join(", ")}${starting.length > told ? ", …" : ""}.`
      )
    )
  }
  const meant = nearest(name, known)
  const hint = meant === undefined ? "" : `Did you mean ${meant}? `
  const remedy = latest === undefined
    ? "There are no runs yet."
    : `${hint}The latest are: ${known.slice(-told).join(", ")}.`
  return Either.left(problem("run", `no run ${quotedShort(name)}.`, remedy))
}

/** The one of a run's tasks that a name means. */
export const pickTask = (known: ReadonlyArray<TaskId>, name: string): Either.Either<TaskId, Problem> => {
  const exact = known.find((id) => id === name)
  if (exact !== undefined) return Either.right(exact)
  const meant = nearest(name, known)
  const remedy = meant === undefined
    ? `Its tasks: ${known.slice(0, 2 * told).join(", ")}${known.length > 2 * told ? ", …" : ""}.`
    : `Did you mean ${meant}?`
  return Either.left(problem("task", `the run has no task ${quotedShort(name)}.`, remedy))
}

const problem = (at: string, message: string, remedy: string): Problem => ({ area: "request", at, message, remedy })

const orReject = <A>(picked: Either.Either<A, Problem>): Effect.Effect<A, RunRejected> =>
  Effect.mapError(picked, (one) => new RunRejected({ problems: [one] }))

/** The id of the run that a name means, whatever state its folder is in. */
export const findRunId = (layout: Layout, name: string): Effect.Effect<RunId, RunRejected> =>
  Effect.suspend(() => orReject(pickRun(knownRuns(layout), name)))

/** The run that a name means. */
export const findRun = Effect.fn("findRun")(
  function*(layout: Layout, name: string): Effect.fn.Return<StoredRun, RunRejected, RunStore> {
    const id = yield* findRunId(layout, name)
    const store = yield* RunStore
    const stored = yield* store.find(layout, id).pipe(
      Effect.mapError(({ message }) =>
        new RunRejected({ problems: [{ area: "environment", at: "state_dir", message }] })
      )
    )
    if (Option.isSome(stored)) return stored.value
    return yield* orReject(Either.left(
      problem("run", `the record of run "${id}" is missing or can't be read.`, `Look: codex-runner runs verify ${id}`)
    ))
  }
)

/** The ids of a run's tasks. */
export const taskIdsOf = (run: StoredRun): ReadonlyArray<TaskId> => run.record.request.tasks.map((task) => task.task_id)

/** The id of the task of a run that a name means. */
export const findTaskId = (run: StoredRun, name: string): Effect.Effect<TaskId, RunRejected> =>
  orReject(pickTask(taskIdsOf(run), name))
