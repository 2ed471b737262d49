import type { TaskFacts } from "../../src/audit/TaskFacts.ts"
import { type Command, empty, type Transcript } from "../../src/audit/Transcript.ts"

export const command = (text: string, exitCode: number | null, more: Partial<Command> = {}): Command => ({
  id: text,
  command: text,
  exitCode,
  status: exitCode === 0 ? "completed" : "failed",
  ended: true,
  output: "",
  outputDropped: 0,
  editsBefore: 1,
  ...more
})

export const transcript = (more: Partial<Transcript> = {}): Transcript => ({
  ...empty,
  threadId: "thread",
  edits: 1,
  messages: ["All done."],
  final: { _tag: "TurnCompleted" },
  ...more
})

/** A task that went well: one file changed, tests passed. */
export const facts = (more: Partial<TaskFacts> = {}): TaskFacts => ({
  transcript: transcript({ commands: [command("npm test", 0, { output: "3 passing\n" })] }),
  files: [{ path: "src/a.ts", status: "M", added: 10, deleted: 2 }],
  isCaptured: true,
  status: "success",
  error: null,
  violations: [],
  denied: [],
  enforcement: "pre-execution",
  reads: "confined",
  warnings: [],
  ...more
})
