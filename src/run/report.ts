/** A task's result, made from everything that is known of it once it has ended. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { evidence, summary } from "../audit/evidence.ts"
import { notesForManager } from "../audit/notes.ts"
import { clipEnd, clipStart } from "../audit/plainText.ts"
import type { TaskFacts } from "../audit/TaskFacts.ts"
import * as Transcript from "../audit/Transcript.ts"
import type { TaskError, TaskResult, TaskStatus, Violation } from "../domain/Result.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { gateLogIn } from "../gate/Gate.ts"
import { readGateLog } from "../gate/gateLog.ts"
import { joinGate } from "../gate/joinGate.ts"
import type { Changes } from "../patch/Patches.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import { lastCharacters } from "../process/boundedTail.ts"
import { taskFolder } from "../store/stateFolder.ts"
import type { Worktree } from "../worktree/Worktrees.ts"
import type { RunContext } from "./RunContext.ts"

/** Of the exact patch, so much is in the result; the whole is at `patch_path`. */
export const maxPatchCharacters = 256 * 1024
const maxLogCharacters = 16_000
const tailCharacters = 500

export interface Ended {
  readonly status: TaskStatus
  readonly error: TaskError | null
  readonly exitCode: number | null
  readonly captureError: string | null
  readonly changes: Changes | null
  readonly transcript: Transcript.Transcript
  readonly stderrTail: string
  readonly worktree: Worktree | null
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number
}

/** Never fails: where the report itself can't be made, what is known for sure is told. */
export const report = (context: RunContext, task: AdmittedTask, ended: Ended) =>
  Effect.catchAllCause(
    fullReport(context, task, ended),
    (cause) =>
      Effect.as(
        Effect.logError(`no report of task ${task.taskId}`, cause),
        { ...skipped(context, task, unreportable), status: "failed", ...certain(ended) } satisfies TaskResult
      )
  )

const unreportable: TaskError = {
  kind: "internal",
  message: "The task ended, but its report could not be made. What it left is in its log folder and under its ref."
}

/** What a result has from the pipeline alone. */
const certain = (ended: Ended) => ({
  exit_code: ended.exitCode,
  workspace_path: ended.worktree?.path ?? "",
  duration_ms: ended.finishedAt - ended.startedAt,
  ref: ended.changes?.ref ?? null,
  patch_path: ended.changes?.patch?.path ?? null,
  usage: ended.transcript.usage,
  thread_id: ended.transcript.threadId,
  started_at: new Date(ended.startedAt).toISOString(),
  finished_at: new Date(ended.finishedAt).toISOString()
})

const fullReport = Effect.fn("report")(function*(context: RunContext, task: AdmittedTask, ended: Ended) {
  const { redact } = context
  const logDir = taskFolder(context.ready.layout, task.runId, task.taskId)
  const { changes } = ended
  const { gate, enforcement } = context.ready
  const { breaches, denied, transcript } = gate === null
    ? { transcript: ended.transcript, denied: [], breaches: [] }
    : joinGate(ended.transcript, yield* readGateLog(gateLogIn(logDir)))
  // What the gate allowed needs no second judgement; without a gate this is the only one.
  const commands = gate === null ? transcript.commands.map(({ command }) => command) : []
  const violations = [...breaches, ...(yield* violationsOf(context, task, ended, commands))]
  const { error, status } = verdict(ended, violations)
  const facts: TaskFacts = {
    transcript,
    files: changes?.files ?? [],
    status,
    error,
    violations,
    denied,
    enforcement,
    warnings: warningsOf(ended)
  }
  const patch = changes?.patch == null ? null : yield* readPatch(changes.patch.path)
  const stdout = yield* readTail(`${logDir}/events.jsonl`, maxLogCharacters)
  return {
    task_id: task.taskId,
    status,
    ...certain(ended),
    files_changed: facts.files.map((file) => file.path),
    patch: redact(patch?.text ?? ""),
    patch_applicable: changes !== null && violations.length === 0 && changes.applies.onBase && changes.applies.onHead,
    apply_check_log: redact(changes?.applies.log ?? ended.captureError ?? ""),
    commands_run: transcript.commands.map(({ command, exitCode }) => ({ cmd: redact(command), exit_code: exitCode })),
    evidence: redact(evidence(facts)),
    logs: {
      stdout: redact(stdout),
      stderr: redact(clipStart(ended.stderrTail, maxLogCharacters, `the whole is in ${logDir}/stderr.log`)),
      tail: redact(lastCharacters(stdout, tailCharacters) + lastCharacters(ended.stderrTail, tailCharacters))
    },
    summary: redact(summary(transcript)),
    notes_for_manager: redact(notesForManager(facts)),
    error: error === null ? null : { kind: error.kind, message: redact(error.message) },
    denied: denied.map(({ reason, tool, what }) => ({ tool, what: redact(what), reason: redact(reason) })),
    violations: violations.map(({ detail, kind }) => ({ kind, detail: redact(detail) })),
    enforcement,
    patch_sha256: patch?.sha256 ?? null,
    log_dir: logDir
  } satisfies TaskResult
})

/** A task that was never started. */
export const skipped = (context: RunContext, task: AdmittedTask, why: TaskError | null): TaskResult => ({
  task_id: task.taskId,
  status: "skipped",
  exit_code: null,
  files_changed: [],
  patch: "",
  patch_applicable: false,
  apply_check_log: "",
  commands_run: [],
  evidence: "",
  logs: { stdout: "", stderr: "", tail: "" },
  workspace_path: "",
  duration_ms: 0,
  summary: "",
  notes_for_manager: why?.message ?? "A dry run: everything was checked, Codex was not started.",
  error: why,
  denied: [],
  violations: [],
  enforcement: "none",
  ref: null,
  patch_path: null,
  patch_sha256: null,
  usage: null,
  thread_id: null,
  log_dir: taskFolder(context.ready.layout, task.runId, task.taskId),
  started_at: null,
  finished_at: null
})

const violationsOf = Effect.fnUntraced(function*(
  context: RunContext,
  task: AdmittedTask,
  { changes, worktree }: Ended,
  commands: ReadonlyArray<string>
) {
  if (worktree === null) return []
  const policy = yield* SecurityPolicy
  return [
    ...(changes?.violations ?? []),
    ...policy.audit({
      task,
      worktree: worktree.path,
      commands,
      searchPath: context.ready.session.searchPath,
      files: changes?.files ?? [],
      links: changes?.links ?? new Map(),
      foldedPaths: worktree.base.foldedPaths
    })
  ]
})

/** What Codex reached, seen with what the policy and the capture say of it. The first trouble is the one told. */
const verdict = (
  ended: Ended,
  violations: ReadonlyArray<Violation>
): { readonly status: TaskStatus; readonly error: TaskError | null } => {
  if (ended.status !== "success") return { status: ended.status, error: ended.error }
  if (ended.captureError !== null) {
    return { status: "failed", error: { kind: "patch", message: `${ended.captureError} The worktree is kept.` } }
  }
  const first = violations[0]
  if (first !== undefined) {
    const more = violations.length === 1 ? "" : ` (and ${violations.length - 1} more, see violations)`
    return { status: "failed", error: { kind: "policy", message: `${first.detail}${more}` } }
  }
  if (ended.changes !== null && !ended.changes.applies.onBase) {
    return { status: "failed", error: { kind: "patch", message: ended.changes.applies.log } }
  }
  return { status: "success", error: null }
}

const warningsOf = ({ captureError, changes, worktree }: Ended): ReadonlyArray<string> => [
  ...(captureError === null ? [] : [`${captureError}. The worktree is kept at ${worktree?.path}.`]),
  ...(changes?.incomplete.length
    ? [`The patch is not complete (${changes.incomplete.join("; ")}). The worktree is kept at ${worktree?.path}.`]
    : []),
  ...(changes !== null && changes.applies.onBase && !changes.applies.onHead
    ? ["The patch applies to the base commit, but no longer to the checkout's HEAD (see apply_check_log)."]
    : []),
  ...(changes?.disposable.length
    ? [
      `Left out as what tools leave behind: ${changes.disposable.slice(0, 10).join(", ")}${
        changes.disposable.length > 10 ? ` and ${changes.disposable.length - 10} more` : ""
      }.`
    ]
    : [])
]

const readPatch = (path: string) =>
  Effect.promise(async () => {
    const hash = createHash("sha256")
    const kept: Array<Buffer> = []
    let bytes = 0
    for await (const chunk of createReadStream(path)) {
      if (!Buffer.isBuffer(chunk)) continue
      hash.update(chunk)
      if (bytes <= maxPatchCharacters) kept.push(chunk)
      bytes += chunk.byteLength
    }
    const text = Buffer.concat(kept).toString("utf8")
    return {
      sha256: hash.digest("hex"),
      text: bytes > maxPatchCharacters
        ? clipEnd(text, maxPatchCharacters, `the exact patch, ${bytes} bytes, is at ${path}`)
        : text
    }
  })

/** The end of a log, from disk; nothing where there is none. */
const readTail = (path: string, characters: number) =>
  Effect.tryPromise(async () => {
    const file = await open(path, "r")
    try {
      const { size } = await file.stat()
      const length = Math.min(size, 4 * characters)
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
      return clipStart(buffer.toString("utf8"), characters, `the whole is at ${path}`)
    } finally {
      await file.close()
    }
  }).pipe(Effect.orElseSucceed(() => ""))
