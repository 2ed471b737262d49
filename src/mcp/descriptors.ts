/**
 * The tools as clients are told of them. `tools.json` holds what comes of this:
 * to make it from the schemas would load all of Effect before the first reply.
 */
import * as JSONSchema from "effect/JSONSchema"
import type * as Schema from "effect/Schema"
import * as schemas from "./schemas.ts"

export interface ToolDescriptor {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: object
  readonly outputSchema: object
  readonly annotations: {
    readonly readOnlyHint: boolean
    readonly destructiveHint: boolean
    readonly idempotentHint: boolean
    readonly openWorldHint: boolean
  }
}

/** Without the draft's address: it is the draft that every client assumes. */
const jsonSchema = <A, I>(schema: Schema.Schema<A, I>): object => {
  const { $schema: _, ...rest } = JSONSchema.make(schema)
  return rest
}

/** Of what comes in, every bound is told; of what goes out, what a reader needs: a later version may add fields. */
const outputSchema = <A, I>(schema: Schema.Schema<A, I>): object => withoutBounds(jsonSchema(schema))

const withoutBounds = (node: object): object =>
  Object.fromEntries(Object.entries(node).flatMap(([key, value]) => isBound(key, value) ? [] : [[key, inside(value)]]))

const isBound = (key: string, value: unknown): boolean =>
  (key === "pattern" && typeof value === "string") || (key === "additionalProperties" && value === false)

const inside = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(inside) : typeof value === "object" && value !== null ? withoutBounds(value) : value

const looks = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }

/** In the order that they are used in. */
export const descriptors = (): ReadonlyArray<ToolDescriptor> => [
  {
    name: "run_codex_tasks",
    title: "Run Codex tasks",
    description:
      "Runs coding tasks with the Codex CLI, in parallel, each in a git worktree of its own and under a policy. " +
      "The user's checkout is not touched: each task gives back a checked patch and a git ref. " +
      "Tasks take minutes to hours: the call answers after wait_sec at the latest, then with status \"running\" and " +
      "what to call next. The run goes on by itself, but ends with this server unless detach is true. The same run_id with the same request gives the same run.",
    inputSchema: jsonSchema(schemas.RunTasksInput),
    outputSchema: outputSchema(schemas.RunReply),
    // Worktrees of its own; the model's commands may reach whatever the policy lets them.
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true }
  },
  {
    name: "await_run",
    title: "Wait for a run",
    description:
      "Waits until a run is over, or wait_sec have passed, and gives its results. \"running\" is normal: call it again. " +
      "With cursor, only what is new comes.",
    inputSchema: jsonSchema(schemas.AwaitRunInput),
    outputSchema: outputSchema(schemas.RunReply),
    annotations: looks
  },
  {
    name: "get_task_output",
    title: "Read a task's patch or logs",
    description: "A page of a task's patch or of one of its logs, secrets masked.",
    inputSchema: jsonSchema(schemas.TaskOutputInput),
    outputSchema: outputSchema(schemas.TaskOutputReply),
    annotations: looks
  },
  {
    name: "list_runs",
    title: "List runs",
    description: "The repository's runs, whoever started them, the latest first.",
    inputSchema: jsonSchema(schemas.ListRunsInput),
    outputSchema: outputSchema(schemas.ListReply),
    annotations: looks
  },
  {
    name: "cancel_run",
    title: "Cancel a run",
    description: "Ends a run: its processes stop, what was done is kept. Of a run that is over, nothing changes.",
    inputSchema: jsonSchema(schemas.CancelRunInput),
    outputSchema: outputSchema(schemas.CancelReply),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false }
  },
  {
    name: "review_plan_with_codex",
    title: "Review a plan with Codex",
    description:
      "Lets Codex look for holes in a plan before it is run: missing tasks, wrong order, what can be parallel, test gaps, " +
      "risks, tasks to split. It reads the repository and changes nothing. Takes minutes; called again with the same " +
      "plan after a client's time limit, it goes on with the review that was begun.",
    inputSchema: jsonSchema(schemas.PlanReviewInput),
    outputSchema: outputSchema(schemas.PlanReviewReply),
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: true }
  }
]
