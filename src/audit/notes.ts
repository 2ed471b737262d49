/** What a manager must know before using a task's patch, in plain words, the gravest first. */
import { failed, lastChecks, passed } from "./checks.ts"
import { clipEnd, count, oneLine } from "./plainText.ts"
import type { TaskFacts } from "./TaskFacts.ts"
import type { Transcript } from "./Transcript.ts"

/** Characters of all notes together. */
export const maxNotesCharacters = 6_000

/** Of each kind of note, how many are told one by one. */
const maxOfAKind = 5
const maxNote = 400

export const notesForManager = (facts: TaskFacts): string => {
  const notes = [
    ...onTheEnd(facts),
    ...onViolations(facts),
    ...onEnforcement(facts),
    ...onReads(facts),
    ...some(facts.warnings, "see the task's log", 0, 2 * maxOfAKind),
    ...onChecks(facts),
    ...onDenied(facts),
    ...onThePlan(facts.transcript),
    ...onWarnings(facts.transcript),
    ...onTheRecord(facts.transcript)
  ]
  if (notes.length === 0) return "Nothing in the record speaks against this patch. Review it as you would any other."
  return clipEnd(notes.map((note) => `- ${note}`).join("\n"), maxNotesCharacters, "the whole record is under log_dir")
}

const onTheEnd = ({ error, files, isCaptured, status, violations }: TaskFacts): ReadonlyArray<string> => {
  const why = error === null ? "" : ` ${oneLine(error.message, 2 * maxNote)}`
  const kept = !isCaptured
    ? ""
    : files.length === 0
    ? "It had changed no file."
    : `What it had changed until then (${
      count(files.length, "file")
    }) is kept for you to look at; it is unfinished work.`
  switch (status) {
    case "success":
      return files.length === 0 ? ["No file was changed: there is no patch."] : []
    case "failed":
      // Rejected work says why below.
      return violations.length > 0 ? [] : [`The task failed${error === null ? "." : ` (${error.kind}).`}${why} ${kept}`]
    case "timeout":
      return [`The task ran out of time.${why} ${kept}`]
    case "cancelled":
      return [`The task was cancelled while it ran. ${kept}`]
    case "skipped":
      return [`The task was never started.${why}`]
  }
}

const onViolations = ({ violations }: TaskFacts): ReadonlyArray<string> =>
  violations.length === 0 ? [] : [
    `The work was rejected (${
      count(violations.length, "violation")
    }). Its patch and ref are kept for a person to look at; ` +
    "don't apply it unseen.",
    ...some(violations.map(({ detail, kind }) => `Violation (${kind}): ${detail}`), "see violations")
  ]

const onEnforcement = ({ enforcement, status }: TaskFacts): ReadonlyArray<string> => {
  if (status === "skipped") return []
  switch (enforcement) {
    case "pre-execution":
      return []
    case "post-execution":
      return ["Nothing was stopped before it ran: commands and edits were checked against the policy afterwards only."]
    case "none":
      return ["The policy was not enforced in this task: don't trust the patch before you have read it."]
  }
}

/** Commands that only read are kept inside the worktree: what another program read, nobody knows. */
const onReads = ({ reads, transcript }: TaskFacts): ReadonlyArray<string> =>
  reads === "confined" || lastChecks(transcript).length === 0 ? [] : [
    "The programs that ran could read whatever you can, credentials included, and what they printed went to the model."
  ]

const onChecks = ({ files, status, transcript }: TaskFacts): ReadonlyArray<string> => {
  const checks = lastChecks(transcript)
  const name = (command: string): string => `\`${oneLine(command, 120)}\``
  const endedAnyway = status === "success" ? ", yet Codex ended its turn" : ""
  const passing = checks.filter(passed)
  const editsAfter = transcript.edits - Math.max(0, ...passing.map((check) => check.editsBefore))
  return [
    ...some(
      checks.filter(failed).map(({ command, exitCode }) =>
        `The last run of ${name(command)} failed (${
          exitCode === null ? "no exit code" : exitCode === -1 ? "it could not start" : `exit ${exitCode}`
        })${endedAnyway}.`
      ),
      "see commands_run"
    ),
    ...some(
      transcript.commands.filter((command) => !command.ended).map(({ command }) =>
        `${name(command)} had not ended when Codex did: how it would have ended is not known.`
      ),
      "see commands_run"
    ),
    ...(status !== "success" || files.length === 0
      ? []
      : checks.length === 0
      ? ["Codex ran no command that would check its work (no test, build or linter)."]
      : passing.length === 0
      ? ["No check that Codex ran passed at its last run."]
      : editsAfter > 0
      ? [`Codex edited files (${count(editsAfter, "edit")}) after the last check that passed.`]
      : [])
  ]
}

const onDenied = ({ denied }: TaskFacts): ReadonlyArray<string> =>
  denied.length === 0 ? [] : [
    `${count(denied.length, "call")} that Codex tried ${
      denied.length === 1 ? "was" : "were"
    } denied before anything ran.`,
    ...some(denied.map(({ reason, tool, what }) => `Denied (${tool}): ${oneLine(what, 120)}: ${reason}`), "see denied")
  ]

const onThePlan = ({ todos }: Transcript): ReadonlyArray<string> => {
  const open = todos.filter((todo) => !todo.completed)
  return open.length === 0 ? [] : [
    `Codex left ${open.length} of the ${count(todos.length, "step")} of its own plan open: ${
      open.slice(0, maxOfAKind).map(({ text }) => oneLine(text, 80)).join("; ")
    }${open.length > maxOfAKind ? "; …" : ""}.`
  ]
}

const onWarnings = ({ final, warnings, warningsDropped }: Transcript): ReadonlyArray<string> => {
  // What ended the turn comes as a warning first; attempts to reconnect that went well are no news.
  const news = warnings.filter((warning) =>
    !/^Reconnecting\.\.\. \d/.test(warning) && !(final._tag === "TurnFailed" && final.message === warning)
  )
  return some(news.map((warning) => `Codex warned: ${warning}`), "see the log of events under log_dir", warningsDropped)
}

const onTheRecord = ({ unknown }: Transcript): ReadonlyArray<string> =>
  unknown.count === 0 ? [] : [
    `${count(unknown.count, "line")} of Codex's output could not be read${
      unknown.tooLong === 0 ? "" : ` (${unknown.tooLong} too long)`
    }: commands or edits may be missing from this report. The raw log under log_dir has ${
      unknown.count === 1 ? "it" : "them"
    }.`
  ]

const some = (
  notes: ReadonlyArray<string>,
  rest: string,
  uncounted = 0,
  most = maxOfAKind
): ReadonlyArray<string> => {
  const more = Math.max(0, notes.length - most) + uncounted
  return [
    ...notes.slice(0, most).map((note) => oneLine(note, maxNote)),
    ...(more === 0 ? [] : [`… and ${more} more of these: ${rest}.`])
  ]
}
