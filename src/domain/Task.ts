/**
 * What a manager asks for: a run of tasks, as it comes over the wire, and the
 * form of it that has passed admission.
 */
import type * as Brand from "effect/Brand"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { decode } from "./decode.ts"

const idPattern = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/

const idRule = "1 to 64 letters, digits, '.', '-' or '_', and neither '.' nor '..'"

/** A task's name in its run: 1 to 64 of `A-Za-z0-9._-`, not `.` or `..`. */
export const TaskId = Schema.String.pipe(
  Schema.pattern(idPattern, { message: () => idRule }),
  Schema.brand("TaskId")
).annotations({ description: `The task's name, unique in the run (also when case is ignored): ${idRule}.` })
export type TaskId = typeof TaskId.Type

/** A run's name in its repository: the same alphabet as a {@link TaskId}. */
export const RunId = Schema.String.pipe(
  Schema.pattern(idPattern, { message: () => idRule }),
  Schema.brand("RunId")
).annotations({ description: `The run's name: ${idRule}. Made up, ordered by time, if absent.` })
export type RunId = typeof RunId.Type

/** `conservative`: low priority, at most as many tasks as cores; `normal`: as requested. */
export const ResourcePolicy = Schema.Literal("conservative", "normal")
export type ResourcePolicy = typeof ResourcePolicy.Type

/** The widest ranges any configuration can allow; admission enforces the configured ones. */
export const absoluteMaxima = { concurrency: 64, tasks: 1000, timeoutSec: 86_400 } as const

/** A whole number from `min` to `max`, written so that its JSON Schema has no `$ref`. */
export const integerBetween = (min: number, max: number) =>
  Schema.Number.pipe(
    // Two filters: with one, a description added to it would be lost in the JSON Schema.
    Schema.filter((n) => Number.isInteger(n), { jsonSchema: { type: "integer" } }),
    Schema.filter((n) => n >= min && n <= max, {
      message: () => `a whole number from ${min} to ${max}`,
      jsonSchema: { minimum: min, maximum: max }
    })
  )

const Texts = Schema.Array(Schema.String)
const Concurrency = integerBetween(1, absoluteMaxima.concurrency)
const TimeoutSec = integerBetween(10, absoluteMaxima.timeoutSec)

/** One coding task, as asked for. */
export const TaskSpec = Schema.Struct({
  task_id: TaskId,
  prompt: Schema.String.pipe(
    Schema.filter((text) => text.trim().length > 0 && !text.includes("\0"), {
      message: () => "a prompt that is not empty and holds no NUL byte",
      jsonSchema: { minLength: 1 }
    })
  ).annotations({ description: "What Codex is asked to do." }),
  allowed_paths: Schema.optional(
    Texts.annotations({
      description: "Globs of the files Codex may change, in place of the configured default_allowed_paths."
    })
  ),
  allowed_commands: Schema.optional(
    Texts.annotations({
      description: "Command prefixes Codex may run; each must be covered by a configured one."
    })
  ),
  timeout_sec: Schema.optional(
    TimeoutSec.annotations({
      description: "Wall-clock limit in seconds, from Codex's start."
    })
  )
})
export type TaskSpec = typeof TaskSpec.Type

/** A run, as asked for: the content of `tasks.json` and the input of the MCP tool. */
export const RunRequest = Schema.Struct({
  run_id: Schema.optional(RunId),
  base_ref: Schema.optional(
    Schema.String.annotations({ description: "The commit to start from: any git revision. Default HEAD." })
  ),
  concurrency: Schema.optional(
    Concurrency.annotations({ description: "Tasks at a time." })
  ),
  resource_policy: Schema.optional(
    ResourcePolicy.annotations({
      description: "conservative: low priority, at most as many tasks as cores; normal: as requested."
    })
  ),
  dry_run: Schema.optional(
    Schema.Boolean.annotations({ description: "Check everything, run no Codex." })
  ),
  tasks: Schema.Array(TaskSpec).annotations({ description: "The tasks, in order." })
})
export type RunRequest = typeof RunRequest.Type

/** Decodes a request as it came over a wire, every problem at once. */
export const decodeRequest = decode(RunRequest, { area: "request", root: "request" })

/** The fields of a request that rules look at, each by itself: the request as a whole may not decode. */
export interface RequestDraft {
  readonly run_id?: RunId | undefined
  readonly base_ref?: string | undefined
  readonly concurrency?: number | undefined
  readonly tasks?: ReadonlyArray<TaskDraft> | undefined
}

/** The same of a task. */
export interface TaskDraft {
  readonly task_id?: TaskId | undefined
  readonly allowed_paths?: ReadonlyArray<string> | undefined
  readonly allowed_commands?: ReadonlyArray<string> | undefined
  readonly timeout_sec?: number | undefined
}

/** What can be read of a request that doesn't decode: each field that is good by itself. */
export const draftOf = (input: unknown): RequestDraft => ({
  run_id: readField(input, "run_id", RunId),
  base_ref: readField(input, "base_ref", Schema.String),
  concurrency: readField(input, "concurrency", Concurrency),
  tasks: readField(input, "tasks", Schema.Array(Schema.Unknown))?.map((task) => ({
    task_id: readField(task, "task_id", TaskId),
    allowed_paths: readField(task, "allowed_paths", Texts),
    allowed_commands: readField(task, "allowed_commands", Texts),
    timeout_sec: readField(task, "timeout_sec", TimeoutSec)
  }))
})

const readField = <A, I>(input: unknown, name: string, schema: Schema.Schema<A, I>): A | undefined =>
  Predicate.hasProperty(input, name)
    ? Option.getOrUndefined(Schema.decodeUnknownOption(schema)(input[name]))
    : undefined

/**
 * A task that has passed admission, the only thing Codex can be given.
 * Made by `SecurityPolicy.admit` alone.
 */
export interface AdmittedTask extends Brand.Brand<"AdmittedTask"> {
  readonly runId: RunId
  readonly taskId: TaskId
  /** The id in a form that git and every file system accept as a name. */
  readonly name: string
  readonly prompt: string
  /** Globs, relative to the repository's root. */
  readonly allowedPaths: ReadonlyArray<string>
  readonly protectedPaths: ReadonlyArray<string>
  readonly disposablePaths: ReadonlyArray<string>
  /** Command prefixes. */
  readonly allowedCommands: ReadonlyArray<string>
  readonly timeout: Duration.Duration
}

/** A request that has passed admission: every task admitted, the base pinned to a commit. */
export interface AdmittedRun {
  readonly runId: RunId
  /** Full object id. */
  readonly baseCommit: string
  readonly concurrency: number
  readonly resourcePolicy: ResourcePolicy
  readonly dryRun: boolean
  readonly tasks: ReadonlyArray<AdmittedTask>
  /** What the request asked for, for the record and for comparing a repeated `run_id`. */
  readonly request: RunRequest
}

/**
 * The id as a name that git takes in a ref and every file system takes as a
 * file name: dots are percent-encoded where git refuses them. `%` is in no id,
 * so no two ids share a name.
 */
export const safeName = (id: string): string => /^\.|\.\.|\.$|\.lock$/i.test(id) ? id.replaceAll(".", "%2E") : id

/** The id that {@link safeName} made a name of. */
export const idOfName = (name: string): string => name.replaceAll("%2E", ".")
