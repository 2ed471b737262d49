/** Where the patches of a run's tasks can't be put together. */
import * as Schema from "effect/Schema"
import { RunId, TaskId } from "./Task.ts"

/** Two tasks whose patches conflict, and in which files. */
export const TaskConflict = Schema.Struct({
  tasks: Schema.Tuple(TaskId, TaskId),
  files: Schema.Array(Schema.Struct({
    path: Schema.String,
    /** git's word for it: `contents`, `add/add`, `modify/delete`, `file/directory`, `rename/rename`, … */
    type: Schema.String
  }))
})
export type TaskConflict = typeof TaskConflict.Type

/** Which patches of a run do not go together. */
export const RunConflicts = Schema.Struct({
  run_id: RunId,
  /** Tasks with a ref: these were compared, each with each. */
  tasks: Schema.Array(TaskId),
  conflicts: Schema.Array(TaskConflict),
  /** Pairs that touch the same files but were not merged, because there are too many. */
  pairs_left_out: Schema.Number,
  /** Tasks whose ref no longer holds their patch. */
  tasks_left_out: Schema.Array(TaskId)
})
export type RunConflicts = typeof RunConflicts.Type
