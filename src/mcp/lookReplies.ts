/** Lists of runs, and pages of text, as replies. */
import type { RunSummary } from "../domain/RunState.ts"
import type { OutputPage } from "../run/taskOutput.ts"
import { bytesOf } from "./clip.ts"
import { maxReplyBytes, maxTextBytes } from "./fit.ts"
import { callOf, type Reply, reply } from "./replies.ts"
import type { ListReply, RunLine, TaskOutputInput, TaskOutputReply } from "./schemas.ts"
import { linesWithin, progressOf } from "./words.ts"

const lineOf = (summary: RunSummary): RunLine => {
  const { done, succeeded, total } = progressOf(summary)
  return {
    run_id: summary.run_id,
    status: summary.status,
    created_at: summary.created_at,
    base_commit: summary.base_commit,
    tasks: total,
    done,
    succeeded,
    kept_worktrees: summary.kept_worktrees.length
  }
}

export const listReply = ({ limit, repoDir, repository, runs }: {
  readonly repository: string
  readonly repoDir: string | undefined
  /** The latest first. */
  readonly runs: ReadonlyArray<RunSummary>
  readonly limit: number
}): Reply => {
  const shown = runs.slice(0, limit).map(lineOf)
  const last = shown.at(-1)
  const cursor = last !== undefined && runs.length > shown.length ? last.run_id : null
  const next = cursor !== null
    ? `Older ones: ${callOf("list_runs", { cursor, limit, repo_dir: repoDir })}`
    : last === undefined
    ? "Start one with run_codex_tasks."
    : `Look at one: ${callOf("await_run", { run_id: shown[0]?.run_id, repo_dir: repoDir })}`
  const structured: ListReply = { repository, runs: shown, next_cursor: cursor, next }
  const lines = shown.map(({ created_at, done, run_id, status, succeeded, tasks }) =>
    `- ${run_id}: ${status}, ${done} of ${tasks} done, ${succeeded} succeeded, begun ${created_at}`
  )
  const head = shown.length === 0 ? `No runs of ${repository}.` : `Runs of ${repository}:`
  return reply([head, ...linesWithin(lines, maxTextBytes - 2000), next].join("\n"), structured)
}

/** undefined: too long for a reply. */
export const outputReply = ({ isOver, page, query, repoDir }: {
  readonly query: Pick<TaskOutputInput, "run_id" | "task_id" | "what">
  readonly page: OutputPage
  /** Whether nothing more can come of the task. */
  readonly isOver: boolean
  readonly repoDir: string | undefined
}): Reply | undefined => {
  const { next_offset, offset, text, total } = page
  const from = (at: number) => callOf("get_task_output", { ...query, offset: at, repo_dir: repoDir })
  const next = next_offset !== null
    ? `The next page: ${from(next_offset)}`
    : isOver
    ? "This is the end."
    : query.what === "patch"
    ? `The task is not over, and has no patch before that: ${
      callOf("await_run", { run_id: query.run_id, repo_dir: repoDir })
    }`
    : `This is the end so far, for the task is not over. What comes after it: ${from(total)}`
  const structured: TaskOutputReply = { ...query, text, offset, next_offset, total, next }
  // Some clients show a model the one, some the other.
  const words = text === "" ? `Nothing there. ${next}` : `${text}\n${next}`
  const made = reply(words, structured)
  const fits = Buffer.byteLength(words) <= maxTextBytes && bytesOf(made) <= maxReplyBytes
  return fits || text.length <= 1 ? made : undefined
}
