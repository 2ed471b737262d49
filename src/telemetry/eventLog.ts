/** What happens in a run as log lines: ends at debug, stages at trace: a library is no talker. Run and task are annotations of their fibers. */
import * as Effect from "effect/Effect"
import type { Watch } from "../domain/RunEvent.ts"

export const logEvent: Watch = (event) => {
  switch (event._tag) {
    case "RunStarted":
      return Effect.annotateLogs(Effect.logDebug("run started"), {
        tasks: event.tasks.length,
        concurrency: event.concurrency,
        base_commit: event.base_commit
      })
    case "TaskStageEntered":
      return Effect.annotateLogs(Effect.logTrace("stage entered"), { stage: event.stage })
    case "TaskFinished": {
      const { commands_run, denied, duration_ms, error, files_changed, status, violations } = event.result
      return Effect.annotateLogs(Effect.logDebug("task finished"), {
        status,
        ...(error === null ? {} : { error: error.kind }),
        duration_ms,
        files_changed: files_changed.length,
        commands_run: commands_run.length,
        denied: denied.length,
        violations: violations.length
      })
    }
    case "RunFinished":
      return Effect.annotateLogs(Effect.logDebug("run finished"), {
        status: event.result.status,
        duration_ms: event.result.total_duration_ms
      })
    default:
      return Effect.void
  }
}
