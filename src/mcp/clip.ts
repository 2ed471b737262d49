/**
 * A task's result in fewer bytes: texts cut with a mark that says where the
 * rest is, lists with one that says how much is left out.
 */
import type { TaskResult } from "../domain/Result.ts"
import { firstCharacters } from "../process/boundedTail.ts"

/** What a value takes in a reply: its bytes as JSON. */
export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** The start of a text that takes at most about so many bytes as JSON, its mark included. */
export const clip = (text: string, cap: number, rest: string): string => {
  // A mark longer than what it stands for would be no gain.
  const allowed = Math.max(cap, rest.length + 40)
  if (text.length <= allowed && bytesOf(text) <= allowed + 2) return text
  const mark = (kept: string) => `${kept}[… ${text.length - kept.length} more characters: ${rest}]`
  let kept = firstCharacters(text, allowed - rest.length - 40)
  // What JSON writes as an escape takes up to six times its length.
  while (kept !== "" && bytesOf(mark(kept)) > allowed + 2) kept = firstCharacters(kept, Math.floor(kept.length * 0.8))
  return mark(kept)
}

/** The first entries, and one that says how many more there are. */
const clipList = <A>(list: ReadonlyArray<A>, cap: number, more: (last: A, words: string) => A): ReadonlyArray<A> => {
  const last = list[cap]
  return last === undefined ? list : [...list.slice(0, cap), more(last, `… and ${list.length - cap} more`)]
}

/** How much of a record is told: bytes of one text, entries of one list. */
export interface Measure {
  /** Of the patch and the logs. */
  readonly long: number
  readonly text: number
  readonly line: number
  readonly list: number
}

export const measures: ReadonlyArray<Measure> = [
  { long: 1500, text: 3000, line: 500, list: 50 },
  { long: 0, text: 600, line: 200, list: 10 },
  { long: 0, text: 150, line: 100, list: 3 }
]

export const outputUri = (runId: string, taskId: string, what: "patch" | "log"): string =>
  `codex-run://${runId}/${taskId}/${what}`

export const clipResult = (runId: string, task: TaskResult, { line, list, long, text }: Measure): TaskResult => {
  const at = (what: "patch" | "log") => `${outputUri(runId, task.task_id, what)} or get_task_output`
  const cut = (value: string) => clip(value, text, "get_task_output, what: log")
  const short = (value: string) => clip(value, line, "…")
  const path = (value: string) => clip(value, 500, "…")
  const orNull = (value: string | null, how: (value: string) => string) => value === null ? null : how(value)
  return {
    ...task,
    patch: clip(task.patch, long, at("patch")),
    logs: {
      stdout: clip(task.logs.stdout, long, at("log")),
      stderr: clip(task.logs.stderr, long, at("log")),
      tail: clip(task.logs.tail, Math.min(long, text), at("log"))
    },
    apply_check_log: cut(task.apply_check_log),
    evidence: cut(task.evidence),
    summary: cut(task.summary),
    notes_for_manager: cut(task.notes_for_manager),
    error: task.error === null ? null : { ...task.error, message: cut(task.error.message) },
    files_changed: clipList(task.files_changed.map(short), list, (_, words) => words),
    commands_run: clipList(
      task.commands_run.map((one) => ({ ...one, cmd: short(one.cmd) })),
      list,
      (_, cmd) => ({ cmd, exit_code: null })
    ),
    denied: clipList(
      task.denied.map((one) => ({ tool: short(one.tool), what: short(one.what), reason: short(one.reason) })),
      list,
      ({ tool }, what) => ({ tool, what, reason: "" })
    ),
    violations: clipList(
      task.violations.map((one) => ({ ...one, detail: short(one.detail) })),
      list,
      ({ kind }, detail) => ({ kind, detail })
    ),
    workspace_path: path(task.workspace_path),
    log_dir: path(task.log_dir),
    ref: orNull(task.ref, path),
    patch_path: orNull(task.patch_path, path),
    thread_id: orNull(task.thread_id, short)
  }
}
