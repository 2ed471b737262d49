/** Where a run's patches don't go together, for people: a line for each pair. */
import { count, oneLine } from "../audit/plainText.ts"
import type { RunConflicts } from "../domain/Conflicts.ts"
import type { TaskId } from "../domain/Task.ts"

/** What doesn't go together: for people, and as pairs of tasks. */
export interface Conflicting {
  readonly lines: ReadonlyArray<string>
  readonly pairs: ReadonlyArray<readonly [TaskId, TaskId]>
}

export const noConflicts: Conflicting = { lines: [], pairs: [] }

export const conflicting = (found: RunConflicts): Conflicting => ({
  lines: conflictLines(found),
  pairs: found.conflicts.map(({ tasks }) => tasks)
})

const maxPairs = 20
const maxFiles = 4

export const conflictLines = ({ conflicts, pairs_left_out, tasks_left_out }: RunConflicts): ReadonlyArray<string> => [
  ...conflicts.slice(0, maxPairs).map(({ files, tasks: [one, other] }) => {
    const named = files.slice(0, maxFiles).map(({ path, type }) =>
      `${oneLine(path, 100)}${type === "contents" ? "" : ` (${type})`}`
    )
    const more = files.length > maxFiles ? `, and ${files.length - maxFiles} more` : ""
    return `${one} and ${other}: ${named.join(", ")}${more}`
  }),
  ...(conflicts.length > maxPairs
    ? [`and ${count(conflicts.length - maxPairs, "more pair")}: runs show --json has all`]
    : []),
  ...(pairs_left_out > 0
    ? [`${count(pairs_left_out, "pair")} that touch the same files were not compared: there are too many`]
    : []),
  ...(tasks_left_out.length > 0 ? [`not compared, because its ref was moved: ${tasks_left_out.join(", ")}`] : [])
]
