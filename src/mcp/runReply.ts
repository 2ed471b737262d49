/** A run as a reply: the words, as many results as fit, links to what is long, and what to call next. */
import { isRehearsal, type TaskResult } from "../domain/Result.ts"
import { isOver, type RunState } from "../domain/RunState.ts"
import { shellWord } from "../domain/shellWord.ts"
import { bytesOf, clip, outputUri } from "./clip.ts"
import { encodeCursor } from "./cursor.ts"
import { fitResults, maxReplyBytes, maxTextBytes } from "./fit.ts"
import { callOf, link, type Reply, reply } from "./replies.ts"
import type { Progress, RunReply } from "./schemas.ts"
import { headline, linesWithin, progressOf, taskLine } from "./words.ts"

export interface RunAsked {
  readonly state: RunState
  /** Positions in the request of the tasks whose results were given before. */
  readonly taken: ReadonlySet<number>
  /** The repository's root. */
  readonly repository: string
  /** As the client named it, for the calls that it is told of. */
  readonly repoDir: string | undefined
}

/** At most {@link maxReplyBytes} as JSON, whatever the run holds. */
export const runReply = (asked: RunAsked): Reply => {
  const { state: { result, summary }, taken } = asked
  const positions = new Map(summary.tasks.map(({ task_id }, index): readonly [string, number] => [task_id, index]))
  const fresh = result.results.filter(({ task_id }) => !taken.has(positions.get(task_id) ?? -1))
  const within = (bytes: number): Reply => {
    const page = fresh.length === 0 ? [] : fitResults(result.run_id, fresh, bytes)
    const given = new Set([...taken, ...page.flatMap(({ task_id }) => positions.get(task_id) ?? [])])
    return assemble(asked, page, fresh.length - page.length, given)
  }
  // What is not results is measured first; it differs a little with what is shown.
  let room = maxReplyBytes - bytesOf(assemble(asked, [], fresh.length, taken)) - 200
  let made = within(room)
  while (bytesOf(made) > maxReplyBytes && room > 1) {
    room = Math.floor(room * 0.8)
    made = within(room)
  }
  return made
}

const assemble = (
  asked: RunAsked,
  page: ReadonlyArray<TaskResult>,
  left: number,
  given: ReadonlySet<number>
): Reply => {
  const { repository, state: { result, summary } } = asked
  const progress = progressOf(summary)
  const all = isOver(summary.status) && left === 0
  const cursor = all ? null : encodeCursor(summary.run_id, given)
  const next = nextWords(asked, progress, left, cursor)
  const worktrees = summary.kept_worktrees.slice(0, 5).map((path) => clip(path, 500, "…"))
  const structured: RunReply = {
    ...result,
    results: page,
    progress,
    repository,
    kept_worktrees: summary.kept_worktrees.length > worktrees.length
      ? [...worktrees, `… and ${summary.kept_worktrees.length - worktrees.length} more`]
      : worktrees,
    next_cursor: cursor,
    next
  }
  const head = headline(summary, progress, result.total_duration_ms)
  const lines = linesWithin(page.map(taskLine), maxTextBytes - 1500 - Buffer.byteLength(head) - Buffer.byteLength(next))
  return reply(
    [head, ...lines, ...keptWords(worktrees), next].join("\n"),
    structured,
    page.flatMap(linksOf(result.run_id))
  )
}

const keptWords = (worktrees: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first] = worktrees
  return first === undefined
    ? []
    : [`Worktrees that stay: ${clip(first, 300, "…")}${worktrees.length > 1 ? ", …" : ""}`]
}

/** The patch where there is one; the log where something is to be found out. */
const linksOf = (runId: string) => ({ patch_path, status, task_id }: TaskResult) => [
  ...(patch_path === null ? [] : [link(outputUri(runId, task_id, "patch"), `patch of ${task_id}`, "text/x-diff")]),
  ...(status === "success" || status === "skipped"
    ? []
    : [link(outputUri(runId, task_id, "log"), `log of ${task_id}`, "application/jsonl")])
]

/** For a person or a model at a shell, wherever it stands: nothing needs to be installed, and no other package is fetched. */
const atShell = (repository: string, ...words: ReadonlyArray<string>): string =>
  ["npx", "-y", "-p", "codex-mcp-runner", "codex-runner", ...words, "--repo", repository].map(shellWord).join(" ")

const nextWords = (
  { repoDir, repository, state: { result, summary } }: RunAsked,
  { succeeded, total }: Progress,
  left: number,
  cursor: string | null
): string => {
  const run_id = summary.run_id
  const again = (more: object) => callOf("await_run", { run_id, ...more, repo_dir: repoDir })
  if (left > 0) {
    return `${left} more ${left === 1 ? "result" : "results"} did not fit. Call ${again({ cursor, wait_sec: 0 })}`
  }
  switch (summary.status) {
    case "running":
      return `It goes on by itself. Call ${again({ cursor })} to wait for it and be given what is new; ` +
        `${callOf("cancel_run", { run_id, repo_dir: repoDir })} ends it.`
    case "interrupted":
      return `Its runner ended before the run was over: nothing of it goes on, what was done is kept. ` +
        `To do the rest, call run_codex_tasks with the tasks that have no result and another run_id, ` +
        `or type: ${atShell(repository, "resume", run_id)}`
    case "completed":
    case "cancelled": {
      if (isRehearsal(result)) {
        return "That was a dry run. To run the tasks, call run_codex_tasks without dry_run, and with another run_id if you gave one."
      }
      const ref = result.results.find((task) => task.status === "success" && task.ref !== null)?.ref
      const use = ref == null
        ? []
        : [
          "Read a patch with get_task_output (what: patch).",
          `To take over all that succeeded, into the checkout and staged: ${atShell(repository, "apply", run_id)}`,
          "With --check it changes nothing and says what is in the way; with task ids after the run it takes only those. " +
          `One by git alone: git cherry-pick --no-commit ${ref}`
        ]
      const repair = succeeded === total || result.results.every(({ status }) => status === "skipped")
        ? []
        : [
          "For a task that did not succeed, see its error, its notes and get_task_output (what: log); " +
          "then run it again with what it lacked, under another run_id."
        ]
      return use.length + repair.length === 0 ? "Nothing is left to do." : [...repair, ...use].join("\n")
    }
  }
}
