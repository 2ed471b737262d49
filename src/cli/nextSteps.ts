/** What to do with a run's result: commands to be copied. */
import type { RunResult, TaskResult } from "../domain/Result.ts"
import { shellWord } from "../domain/shellWord.ts"
import type { TaskId } from "../domain/Task.ts"

export type Steps = ReadonlyArray<readonly [name: string, command: string]>

/** Results that can be taken over. */
const good = ({ results }: RunResult): ReadonlyArray<TaskResult> =>
  results.filter((task) => task.patch_applicable && task.status === "success" && task.ref !== null)

/** Tasks named in one command. */
const maxNamed = 8

/** Those that go together, each before what conflicts with it. */
const together = (
  ids: ReadonlyArray<TaskId>,
  conflicts: ReadonlyArray<readonly [TaskId, TaskId]>
): ReadonlyArray<TaskId> =>
  ids.reduce<ReadonlyArray<TaskId>>((taken, id) => {
    const rivals = conflicts.flatMap(([one, other]) => one === id ? [other] : other === id ? [one] : [])
    return rivals.some((rival) => taken.includes(rival)) ? taken : [...taken, id]
  }, [])

/**
 * By codex-runner's own commands. `flags` are those that lead to the same repository and state; of tasks that
 * conflict, what is proposed holds one.
 */
export const nextSteps = (
  result: RunResult,
  flags: ReadonlyArray<string> = [],
  conflicts: ReadonlyArray<readonly [TaskId, TaskId]> = []
): Steps => {
  const command = (...words: ReadonlyArray<string>) => ["codex-runner", ...words, ...flags].map(shellWord).join(" ")
  const [first, ...others] = good(result)
  const fine = together(good(result).map(({ task_id }) => task_id), conflicts)
  const named = (others.length === 0 || fine.length <= others.length) && fine.length <= maxNamed ? fine : []
  // A task that failed is looked at first; one that was never started has nothing to show.
  const telling = result.results.find(({ status }) => status !== "success" && status !== "skipped") ?? first
  return [
    ...(telling === undefined ? [] : [["show", command("runs", "show", result.run_id, telling.task_id)] as const]),
    ...(first === undefined
      ? []
      : [["apply", command("apply", result.run_id, ...named)] as const]),
    ...(result.status === "cancelled" || result.status === "interrupted"
      ? [["resume", command("resume", result.run_id)] as const]
      : [])
  ]
}

/** By git alone, where codex-runner's state is not where its commands look for it. */
export const gitSteps = (result: RunResult, repository: string): Steps => {
  const [first] = good(result)
  if (first === undefined) return []
  const git = `git -C ${shellWord(repository)}`
  return [
    ["look", `${git} show ${first.ref}`],
    ["apply", `${git} apply --index ${shellWord(first.patch_path ?? "")}`]
  ]
}
