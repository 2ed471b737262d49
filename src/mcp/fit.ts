/** As many results of a run as fit into a reply, each as whole as there is room for. */
import type { TaskResult } from "../domain/Result.ts"
import { bytesOf, clipResult, measures } from "./clip.ts"

/** Bytes of a whole reply: what a model is given at once. */
export const maxReplyBytes = 32_000
/** Bytes of the text in it. */
export const maxTextBytes = 8000

/** More never fit: a record takes several hundred bytes at least. */
const mostResults = 60

/**
 * The first of these results that fit into so many bytes; at least one. Full
 * records while all of them fit; else each is cut to the widest measure that
 * leaves room for those after it; what doesn't fit even so is for the next page.
 */
export const fitResults = (
  runId: string,
  results: ReadonlyArray<TaskResult>,
  bytes: number
): ReadonlyArray<TaskResult> => {
  const least = measures.at(-1)
  if (least === undefined) return results
  const slim = results.slice(0, mostResults).map((task) => clipResult(runId, task, least))
  const page = slim.slice(0, countFitting(slim.map(sizeIn), bytes))
  let left = bytes - sum(page.map(sizeIn))
  return page.map((smallest, index) => {
    const task = results[index] ?? smallest
    const wider = [() => task, ...measures.slice(0, -1).map((measure) => () => clipResult(runId, task, measure))]
    for (const make of wider) {
      const made = make()
      const more = sizeIn(made) - sizeIn(smallest)
      if (more > left) continue
      left -= more
      return made
    }
    return smallest
  })
}

/** With the comma after it. */
const sizeIn = (task: TaskResult): number => bytesOf(task) + 1

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, one) => total + one, 0)

const countFitting = (sizes: ReadonlyArray<number>, bytes: number): number => {
  let used = 0
  const first = sizes.findIndex((size, index) => {
    used += size
    return index > 0 && used > bytes
  })
  return first < 0 ? sizes.length : first
}
