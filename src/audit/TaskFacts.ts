/** What is known of a task once it has ended: all that its report is made from. */
import type { Denied, Enforcement, Reads, TaskError, TaskStatus, Violation } from "../domain/Result.ts"
import type { Transcript } from "./Transcript.ts"

export interface ChangedFile {
  /** Relative to the repository's root. */
  readonly path: string
  /** Added, modified, deleted, type changed, renamed. */
  readonly status: "A" | "M" | "D" | "T" | "R"
  /** Lines; null where git counts none (a binary file). */
  readonly added: number | null
  readonly deleted: number | null
}

export interface TaskFacts {
  /** Its commands are shown as they stand here: as the model asked for them, where that is known. */
  readonly transcript: Transcript
  readonly files: ReadonlyArray<ChangedFile>
  /** Whether these are known: where nothing could be captured, or Codex was never started, they are not. */
  readonly isCaptured: boolean
  readonly status: TaskStatus
  readonly error: TaskError | null
  readonly violations: ReadonlyArray<Violation>
  readonly denied: ReadonlyArray<Denied>
  readonly enforcement: Enforcement
  readonly reads: Reads
  /** Whole sentences on what else the manager must know: setup, incomplete capture, what was left out. */
  readonly warnings: ReadonlyArray<string>
}
