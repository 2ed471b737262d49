/** One task's story: from the run's journal, the gate's log, and what Codex said. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import { makeRedactor, secretsOf } from "../audit/redaction.ts"
import * as Transcript from "../audit/Transcript.ts"
import type { CommandRun, TaskResult } from "../domain/Result.ts"
import type { TaskStage } from "../domain/RunEvent.ts"
import type { StoryEntry, TaskStory } from "../domain/TaskStory.ts"
import { type GateEntry, readGateLogIn } from "../gate/gateLog.ts"
import { joinGate } from "../gate/joinGate.ts"
import { Host } from "../process/Host.ts"
import { type JournalEntry, readJournal } from "../store/journal.ts"
import { RunStore } from "../store/RunStore.ts"
import { taskFolder } from "../store/stateFolder.ts"
import { findRun, findTaskId } from "./findRun.ts"
import { asRejection } from "./rejection.ts"
import { locate } from "./startRun.ts"
import { eventsIn, eventsOf } from "./taskLog.ts"

/** The story of a task so far; `run` and `task` by names that {@link findRun} and {@link findTaskId} take. */
export const taskStory = Effect.fn("taskStory")(function*(runName: string, taskName: string) {
  const { layout } = yield* locate()
  const run = yield* findRun(layout, runName)
  const { run_id } = run.record
  const task_id = yield* findTaskId(run, taskName)
  const store = yield* RunStore
  const summary = yield* store.summary(layout, run_id)
  const state = Option.flatMapNullable(summary, ({ tasks }) => tasks.find((task) => task.task_id === task_id)?.state)
  const { env } = yield* Host
  const { text: redact } = makeRedactor(secretsOf(env))
  const folder = taskFolder(layout, run_id, task_id)
  const result = run.result.results.find((one) => one.task_id === task_id) ?? null
  const gate = yield* readGateLogIn(folder)
  const journal = readJournal(run.folder).filter((entry) => "task_id" in entry && entry.task_id === task_id)
  return {
    run_id,
    task_id,
    state: Option.getOrElse(state, () => result?.status ?? ("waiting" as const)),
    prompt: redact(run.record.request.tasks.find((task) => task.task_id === task_id)?.prompt ?? ""),
    timeline: timelineOf(journal, gate, yield* commandsOf(folder, result, gate, redact), redact),
    result,
    log_dir: folder
  } satisfies TaskStory
}, Effect.mapError(asRejection))

/** As they are on record; of a task at work as far as its log goes. */
const commandsOf = Effect.fnUntraced(function*(
  folder: string,
  result: TaskResult | null,
  gate: ReadonlyArray<GateEntry>,
  redact: (text: string) => string
) {
  if (result !== null) return result.commands_run
  if (!existsSync(eventsIn(folder))) return []
  const transcript = yield* Stream.runFold(eventsOf(folder), Transcript.empty, Transcript.step)
  return joinGate(transcript, gate).transcript.commands.map(({ command, exitCode }): CommandRun => ({
    cmd: redact(command),
    exit_code: exitCode
  }))
})

/**
 * In the order in which things happened. Each allowed call is told once, with
 * its exit code; a command that the gate was not asked about has no time, and
 * stands after all that have one within Codex's work.
 */
export const timelineOf = (
  journal: ReadonlyArray<JournalEntry>,
  gate: ReadonlyArray<GateEntry>,
  commands: ReadonlyArray<CommandRun>,
  redact: (text: string) => string
): ReadonlyArray<StoryEntry> => {
  const ended = new Map<string, Array<number | null>>()
  for (const { cmd, exit_code } of commands) ended.set(cmd, [...(ended.get(cmd) ?? []), exit_code])
  const takeExit = (cmd: string): number | null => ended.get(cmd)?.shift() ?? null
  const called = gate.map((entry) => {
    const text = redact(entry.what)
    const at = entry.at === "" ? null : entry.at
    if (!entry.allow) return told(at, "denied", text, { reason: redact(entry.reason ?? "") })
    return entry.tool === "Bash" && entry.edit !== true
      ? told(at, "command", text, { exit_code: takeExit(text) })
      : told(at, "edit", editedFiles(text))
  })
  const noted = journal.flatMap((entry) => [...(storyOf(entry, redact) ?? [])])
  const timed = [...noted, ...called.filter(({ at }) => at !== null)]
    // Both are in order already: what was at the same moment stays as it is.
    .sort((a, b) => (a.at ?? "") < (b.at ?? "") ? -1 : (a.at ?? "") > (b.at ?? "") ? 1 : 0)
  const untimed = [
    ...called.filter(({ at }) => at === null),
    ...[...ended].flatMap(([cmd, codes]) => codes.map((exit_code) => told(null, "command", cmd, { exit_code })))
  ]
  const after = timed.findIndex(({ kind, text }) => kind === "stage" && text === stages.capture)
  return after < 0 ? [...timed, ...untimed] : timed.toSpliced(after, 0, ...untimed)
}

/** Of a patch that Codex applies: its files, which say more in a line than its first words. */
const editedFiles = (patch: string): string => {
  const files = [...patch.matchAll(/^\*\*\* (Add|Update|Delete) File: (.+)$/gm)]
  return files.length === 0 ? patch : files.map(([, how = "", file = ""]) => `${how.toLowerCase()} ${file}`).join(", ")
}

const told = (
  at: string | null,
  kind: StoryEntry["kind"],
  text: string,
  more: Partial<Pick<StoryEntry, "exit_code" | "reason">> = {}
): StoryEntry => ({ at, kind, text, exit_code: null, reason: null, ...more })

const stages: Readonly<Record<TaskStage, string>> = {
  worktree: "a worktree is made",
  setup: "setup",
  codex: "Codex is at work",
  capture: "the changes are captured",
  record: "the result goes on record"
}

const storyOf = (entry: JournalEntry, redact: (text: string) => string): ReadonlyArray<StoryEntry> | undefined => {
  switch (entry._tag) {
    case "TaskStageEntered":
      return [told(entry.at, "stage", stages[entry.stage])]
    case "TaskNote":
      return [told(entry.at, "note", redact(entry.message))]
    case "TaskFinished":
      return [
        told(entry.at, "end", entry.status, { reason: entry.error === null ? null : redact(entry.error.message) })
      ]
    default:
      return undefined
  }
}
