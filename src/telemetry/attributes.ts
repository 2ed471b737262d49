/**
 * What spans and log lines say of runs and tasks: names, numbers and words
 * from closed lists. No prompt, no command, no message, no path.
 */
import type { RunResult, TaskResult } from "../domain/Result.ts"

type Attributes = Readonly<Record<string, string | number | boolean>>

/** Names of ours; the others are OpenTelemetry's. */
export const attribute = {
  runId: "codex_runner.run.id",
  runStatus: "codex_runner.run.status",
  baseCommit: "codex_runner.run.base_commit",
  runTasks: "codex_runner.run.tasks",
  runSucceeded: "codex_runner.run.tasks_succeeded",
  concurrency: "codex_runner.run.concurrency",
  dryRun: "codex_runner.run.dry_run",
  warnings: "codex_runner.run.warnings",
  taskId: "codex_runner.task.id",
  taskStatus: "codex_runner.task.status",
  commandsRun: "codex_runner.task.commands_run",
  commandsDenied: "codex_runner.task.commands_denied",
  violations: "codex_runner.task.violations",
  filesChanged: "codex_runner.task.files_changed",
  patchBytes: "codex_runner.task.patch_bytes",
  patchApplicable: "codex_runner.task.patch_applicable",
  enforcement: "codex_runner.task.enforcement",
  codexVersion: "codex_runner.codex.version",
  gitCommand: "codex_runner.git.command",
  command: "codex_runner.command",
  violationKind: "codex_runner.violation.kind",
  errorType: "error.type",
  exitCode: "process.exit.code",
  inputTokens: "gen_ai.usage.input_tokens",
  cachedInputTokens: "codex_runner.task.cached_input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  reasoningTokens: "codex_runner.task.reasoning_output_tokens",
  tokenType: "gen_ai.token.type"
} as const

export const attributesOfTask = (result: TaskResult): Attributes => ({
  [attribute.taskStatus]: result.status,
  [attribute.commandsRun]: result.commands_run.length,
  [attribute.commandsDenied]: result.denied.length,
  [attribute.violations]: result.violations.length,
  [attribute.filesChanged]: result.files_changed.length,
  [attribute.patchApplicable]: result.patch_applicable,
  [attribute.enforcement]: result.enforcement,
  ...(result.error === null ? {} : { [attribute.errorType]: result.error.kind }),
  ...(result.exit_code === null ? {} : { [attribute.exitCode]: result.exit_code }),
  ...(result.usage === null ? {} : {
    [attribute.inputTokens]: result.usage.input_tokens,
    [attribute.cachedInputTokens]: result.usage.cached_input_tokens,
    [attribute.outputTokens]: result.usage.output_tokens,
    [attribute.reasoningTokens]: result.usage.reasoning_output_tokens
  })
})

export const attributesOfRun = ({ base_commit, results, run_id, status }: RunResult): Attributes => ({
  [attribute.runId]: run_id,
  [attribute.runStatus]: status,
  [attribute.baseCommit]: base_commit,
  [attribute.runTasks]: results.length,
  [attribute.runSucceeded]: results.filter((task) => task.status === "success").length
})
