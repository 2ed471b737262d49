/** A task's result, made from everything that is known of it once it has ended. */
import * as Effect from "effect/Effect"
import { evidence, summary } from "../audit/evidence.ts"
import { maskedEnd, maskedStart, toRead } from "../audit/maskedCut.ts"
import { notesForManager } from "../audit/notes.ts"
import type { TaskFacts } from "../audit/TaskFacts.ts"
import { maxStderrTail } from "../codex/Codex.ts"
import type { Reads, TaskError, TaskResult } from "../domain/Result.ts"
import type { AdmittedTask } from "../domain/Task.ts"
import { readGateLogIn } from "../gate/gateLog.ts"
import { joinGate } from "../gate/joinGate.ts"
import { lastCharacters } from "../process/boundedTail.ts"
import { taskFolder } from "../store/stateFolder.ts"
import { cutsOf, maxFilesListed, maxViolationsListed } from "./cuts.ts"
import { readEnd, readStart } from "./fromDisk.ts"
import type { RunContext } from "./RunContext.ts"
import { type Ended, verdict, violationsOf, warningsOf } from "./verdict.ts"

/** Of the exact patch, so much is in the result; the whole is at `patch_path`. */
const maxPatchCharacters = 256 * 1024
const maxLogCharacters = 16_000
const tailCharacters = 500

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

const readsOf = ({ ready }: RunContext): Reads => ready.unreadable === null ? "open" : "confined"

/** What a result has from the pipeline alone. */
const certain = (ended: Ended) => ({
  exit_code: ended.exitCode,
  workspace_path: ended.worktree?.path ?? "",
  captured: ended.captureFailed === null && (ended.changes?.incomplete ?? []).length === 0,
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
  const reads = readsOf(context)
  const { breaches, denied, deniedDropped, transcript } = gate === null
    ? { transcript: ended.transcript, denied: [], deniedDropped: 0, breaches: [] }
    : joinGate(ended.transcript, yield* readGateLogIn(logDir))
  // What the gate allowed needs no second judgement; without a gate this is the only one.
  const commands = gate === null ? transcript.commands.map(({ command }) => command) : []
  const violations = yield* violationsOf(context, task, ended, { breaches, commands })
  const { error, status } = verdict(ended, violations)
  const files = changes?.files ?? []
  const cuts = yield* cutsOf({
    logDir,
    files: files.length,
    violations: violations.length,
    commands: transcript.commands.length + transcript.commandsDropped,
    denied: denied.length + deniedDropped
  })
  const facts: TaskFacts = {
    transcript,
    files,
    status,
    error,
    violations,
    denied,
    enforcement,
    reads,
    warnings: [...warningsOf(ended), ...cuts],
    isCaptured: changes !== null
  }
  const patch = changes?.patch == null ? null : yield* readPatch(changes.patch.path, redact)
  const logEnd = (name: string, part: Parameters<typeof maskedEnd>[0]) =>
    maskedEnd(part, redact, maxLogCharacters, `the whole is in ${logDir}/${name}`)
  const stdout = logEnd("events.jsonl", yield* readEnd(`${logDir}/events.jsonl`, toRead(maxLogCharacters)))
  const isCut = ended.stderrTail.length >= maxStderrTail - 1
  const stderr = logEnd("stderr.log", { text: ended.stderrTail, isCut })
  return {
    task_id: task.taskId,
    status,
    ...certain(ended),
    files_changed: files.slice(0, maxFilesListed).map((file) => file.path),
    patch: patch?.text ?? "",
    patch_applicable: changes !== null && violations.length === 0 && changes.applies.onBase && changes.applies.onHead,
    apply_check_log: redact(changes?.applies.log ?? ended.captureFailed?.message ?? ""),
    commands_run: transcript.commands.map(({ command, exitCode }) => ({ cmd: redact(command), exit_code: exitCode })),
    evidence: redact(evidence(facts)),
    logs: {
      stdout,
      stderr,
      tail: lastCharacters(stdout, tailCharacters) + lastCharacters(stderr, tailCharacters)
    },
    summary: redact(summary(transcript)),
    notes_for_manager: redact(notesForManager(facts)),
    error: error === null ? null : { kind: error.kind, message: redact(error.message) },
    denied: denied.map(({ reason, tool, what }) => ({ tool, what: redact(what), reason: redact(reason) })),
    violations: violations.slice(0, maxViolationsListed).map(({ detail, kind }) => ({ kind, detail: redact(detail) })),
    enforcement,
    reads,
    patch_sha256: patch?.sha256 ?? null,
    log_dir: logDir
  } satisfies TaskResult
})

const readPatch = (path: string, redact: (text: string) => string) =>
  Effect.map(readStart(path, toRead(maxPatchCharacters)), ({ bytes, sha256, start }) => ({
    sha256,
    text: maskedStart(start, redact, maxPatchCharacters, `the exact patch, ${bytes} bytes, is at ${path}`)
  }))

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
  reads: readsOf(context),
  captured: true,
  ref: null,
  patch_path: null,
  patch_sha256: null,
  usage: null,
  thread_id: null,
  log_dir: taskFolder(context.ready.layout, task.runId, task.taskId),
  started_at: null,
  finished_at: null
})
