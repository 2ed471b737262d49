/** From what a manager asks for to work that Codex can be given. Pure: nothing is started, nothing is looked up. */
import * as Arr from "effect/Array"
import * as Brand from "effect/Brand"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { globFault } from "../config/pathEntry.ts"
import type { RunnerConfigData } from "../config/RunnerConfigFile.ts"
import type { Problem } from "../domain/Problem.ts"
import { quoted, quotedShort } from "../domain/quoted.ts"
import { decodeRequest, draftOf, RunId, safeName, TaskId } from "../domain/Task.ts"
import type { AdmittedRun, AdmittedTask, RequestDraft, RunRequest, TaskDraft, TaskSpec } from "../domain/Task.ts"
import { commandEntryFault, covers } from "./commandEntries.ts"

export interface Admission {
  readonly request: RunRequest
  readonly config: RunnerConfigData
  readonly runId: RunId
  /** Full object id of what `base_ref` names. */
  readonly baseCommit: string
}

/** The only maker of {@link AdmittedTask}: not exported. */
const admitted = Brand.nominal<Omit<AdmittedTask, typeof Brand.BrandTypeId> & Brand.Brand<"AdmittedTask">>()

/** The run with every task admitted, or all that is wrong with the request. */
export const admit = (
  { baseCommit, config, request, runId }: Admission
): Either.Either<AdmittedRun, Arr.NonEmptyReadonlyArray<Problem>> => {
  const problems = checkRequest(request, config)
  if (Arr.isNonEmptyReadonlyArray(problems)) return Either.left(problems)
  return Either.right({
    runId,
    baseCommit,
    concurrency: request.concurrency ?? config.default_concurrency,
    resourcePolicy: request.resource_policy ?? config.resource_policy,
    dryRun: request.dry_run ?? false,
    tasks: request.tasks.map((task) => admitTask(runId, task, config)),
    request
  })
}

const admitTask = (runId: RunId, task: TaskSpec, config: RunnerConfigData): AdmittedTask =>
  admitted({
    runId,
    taskId: task.task_id,
    name: safeName(task.task_id),
    prompt: task.prompt,
    allowedPaths: task.allowed_paths ?? config.default_allowed_paths,
    protectedPaths: config.protected_paths,
    disposablePaths: config.disposable_paths,
    allowedCommands: task.allowed_commands ?? config.allowed_commands,
    timeout: Duration.seconds(task.timeout_sec ?? config.default_timeout_sec)
  })

/** A review as a task that may change nothing, and run nothing but what only reads. */
export const admitReview = (
  { config, prompt, runId }: { readonly config: RunnerConfigData; readonly prompt: string; readonly runId: RunId }
): AdmittedTask =>
  admitted({
    runId,
    taskId: reviewId,
    name: safeName(reviewId),
    prompt,
    allowedPaths: [],
    protectedPaths: config.protected_paths,
    // What tools leave behind may be written, too.
    disposablePaths: [],
    allowedCommands: [],
    timeout: Duration.seconds(config.default_timeout_sec)
  })

/** A review's name where a task would have its own. */
export const reviewId = TaskId.make("review")

/** A request as it came; of one that doesn't decode everything that is wrong, also by the rules for what of it can be read. */
export const readRequest = (
  input: unknown,
  config: RunnerConfigData
): Either.Either<RunRequest, Arr.NonEmptyReadonlyArray<Problem>> =>
  Either.mapLeft(decodeRequest(input), (problems) => Arr.appendAll(problems, checkRequest(draftOf(input), config)))

/** Everything that is wrong with a request, before its base commit is known. */
export const checkRequest = (request: RequestDraft, config: RunnerConfigData): ReadonlyArray<Problem> => [
  ...checkRun(request, config),
  ...checkNames(request),
  ...(request.tasks ?? []).flatMap((task, index) => checkTask(task, `tasks[${index}]`, config))
]

const problem = (at: string, message: string, remedy?: string): Problem => ({
  area: "request",
  at,
  ...(remedy === undefined ? { message } : { message: `${message}.`, remedy })
})

const raise = (field: string): string => `Ask for less, or raise ${field} in .mcp-codex.json.`

const checkRun = (request: RequestDraft, config: RunnerConfigData): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const { limits, max_tasks_per_run } = config
  const count = request.tasks?.length
  if (count === 0) problems.push(problem("tasks", "expected at least one task"))
  if (count !== undefined && count > max_tasks_per_run) {
    problems.push(problem(
      "tasks",
      `expected at most ${max_tasks_per_run} tasks in one run, got ${count}`,
      "Split the run, or raise max_tasks_per_run in .mcp-codex.json."
    ))
  }
  if (request.concurrency !== undefined && request.concurrency > limits.concurrency) {
    problems.push(problem(
      "concurrency",
      `expected a whole number from 1 to ${limits.concurrency}, got ${request.concurrency}`,
      raise("limits.concurrency")
    ))
  }
  const ref = request.base_ref
  if (ref !== undefined && (ref.trim() === "" || ref.startsWith("-") || /[\u0000-\u001f\u007f]/.test(ref))) {
    problems.push(problem("base_ref", `expected a git revision such as HEAD or a branch, got ${quotedShort(ref)}`))
  }
  return problems
}

/** Percent-encoding triples a dot; run and task together must fit in one file name. */
const maxNameLength = 120

const checkNames = (request: RequestDraft): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const tooManyDots = (at: string, id: string) => {
    if (safeName(id).length > maxNameLength) {
      problems.push(problem(at, `${quoted(id)} holds too many dots for a folder's name`))
    }
  }
  if (request.run_id !== undefined) tooManyDots("run_id", request.run_id)
  const seen = new Map<string, number>()
  const ids = request.tasks?.map(({ task_id }) => task_id) ?? []
  ids.forEach((task_id, index) => {
    if (task_id === undefined) return
    const at = `tasks[${index}].task_id`
    tooManyDots(at, task_id)
    const first = seen.get(task_id.toLowerCase())
    if (first === undefined) {
      seen.set(task_id.toLowerCase(), index)
      return
    }
    const other = ids[first] ?? task_id
    const asWritten = other === task_id ? "" : ` as ${quoted(other)}, and case alone is no difference`
    problems.push(
      problem(at, `${quoted(task_id)} is taken by tasks[${first}]${asWritten}`, "Give each task an id of its own.")
    )
  })
  return problems
}

const checkTask = (task: TaskDraft, at: string, config: RunnerConfigData): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const { limits } = config
  if (task.timeout_sec !== undefined && task.timeout_sec > limits.timeout_sec) {
    problems.push(problem(
      `${at}.timeout_sec`,
      `expected a whole number from 10 to ${limits.timeout_sec}, got ${task.timeout_sec}`,
      raise("limits.timeout_sec")
    ))
  }
  task.allowed_paths?.forEach((glob, index) => {
    const fault = globFault(glob)
    if (fault !== undefined) {
      problems.push(problem(`${at}.allowed_paths[${index}]`, `${fault} (got ${quotedShort(glob)})`))
    }
  })
  task.allowed_commands?.forEach((entry, index) => {
    const where = `${at}.allowed_commands[${index}]`
    const fault = commandEntryFault(entry)
    if (fault !== undefined) {
      problems.push(problem(where, `${fault} (got ${quotedShort(entry)})`))
    } else if (!config.allowed_commands.some((configured) => covers(configured, entry))) {
      problems.push(problem(
        where,
        `${quotedShort(entry)} is covered by no configured command`,
        config.allowed_commands.length === 0
          ? "None is configured: add it to allowed_commands in .mcp-codex.json."
          : `Configured: ${configuredList(config.allowed_commands)}.`
      ))
    }
  })
  return problems
}

const configuredList = (entries: ReadonlyArray<string>): string =>
  `${entries.slice(0, 10).map((entry) => quotedShort(entry)).join(", ")}${
    entries.length > 10 ? ` and ${entries.length - 10} more` : ""
  }`

/**
 * A run's name where the manager gave none: `20261122-141530-k3f9`, in order of
 * time (UTC). `random` sets apart the runs of one second.
 */
export const makeRunId = (now: Date, random: string): RunId => {
  const [day = "", time = ""] = now.toISOString().replaceAll(/[-:]/g, "").split(/[T.]/)
  const suffix = random.toLowerCase().replaceAll(/[^a-z0-9]/g, "").slice(0, 12)
  return RunId.make(`${day}-${time}-${suffix === "" ? "0" : suffix}`)
}
