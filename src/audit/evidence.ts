/** What shows that the work was done, as plain text for a manager, a person or a model. */
import { lastCharacters } from "../process/boundedTail.ts"
import { failed, passed } from "./checks.ts"
import { clipEnd, clipStart, count, oneLine, plainText } from "./plainText.ts"
import type { ChangedFile, TaskFacts } from "./TaskFacts.ts"
import { type Command, lastMessage, type Transcript } from "./Transcript.ts"

/** Characters of the summary. */
export const maxSummaryCharacters = 4_000

/** Commands listed, and of these how many with the end of their output: the newest. */
const maxListed = 40
const maxWithOutput = 10
const maxCommandSection = 7_500
const maxFilesListed = 50
const maxFileSection = 2_500
const maxClosingWords = 1_500
/** Characters of the evidence: its three sections, with their headings and marks. */
export const maxEvidenceCharacters = maxCommandSection + maxFileSection + maxClosingWords + 500
/** Of the output of one command: a failure is told at more length. */
const outputOf = { failed: { lines: 20, characters: 1_500 }, passed: { lines: 5, characters: 400 } }

const inLog = "the whole is in the log of events under log_dir"

/** Codex's last message. */
export const summary = (transcript: Transcript): string =>
  clipEnd(plainText(lastMessage(transcript) ?? "").trim(), maxSummaryCharacters, inLog)

/** Commands with how they ended, files with line counts, Codex's closing words. */
export const evidence = (facts: TaskFacts): string => {
  const closing = clipEnd(plainText(lastMessage(facts.transcript) ?? "").trim(), maxClosingWords, "see summary")
  return [
    commandSection(facts.transcript),
    fileSection(facts.files),
    closing === "" ? "Codex said nothing at the end." : `Codex's closing words:\n${indent(closing)}`
  ].join("\n\n")
}

const commandSection = (transcript: Transcript): string => {
  const { commands, commandsDropped } = transcript
  if (commands.length === 0) return "Commands: none ran."
  const outcome = [
    `${commands.filter(passed).length} passed`,
    `${commands.filter(failed).length} failed`,
    ...(commands.every((command) => passed(command) || failed(command)) ? [] : ["the rest without an exit code"])
  ].join(", ")
  const listed = commands.slice(-maxListed)
  const left = commandsDropped + commands.length - listed.length
  const lines = [
    ...(left === 0 ? [] : [`  [… ${count(left, "earlier command")}: see commands_run]`]),
    ...listed.map((command, at) => describeCommand(command, at >= listed.length - maxWithOutput))
  ]
  // The newest commands are what the work is judged by, so it is the start that gives way.
  return `Commands (${outcome}):\n${clipStart(lines.join("\n"), maxCommandSection, inLog)}`
}

const describeCommand = (command: Command, withOutput: boolean): string => {
  const outcome = command.ended
    ? command.exitCode === null ? "ended without an exit code" : `exit ${command.exitCode}`
    : "had not ended"
  const mark = passed(command) ? "ok    " : failed(command) ? "FAILED" : "?     "
  const head = `  ${mark} ${oneLine(command.command, 200)} (${outcome})`
  const tail = withOutput ? tailOf(command) : ""
  return tail === "" ? head : `${head}\n${indent(tail, "         | ")}`
}

const tailOf = (command: Command): string => {
  const bound = failed(command) ? outputOf.failed : outputOf.passed
  const all = plainText(command.output).trimEnd()
  const lines = all.split("\n")
  const tail = lines.slice(-bound.lines).join("\n")
  const shown = lastCharacters(tail, bound.characters)
  const left = command.outputDropped + all.length - shown.length
  return left === 0 ? shown : `[… ${left} characters before this: ${inLog}]\n${shown}`
}

const fileSection = (files: ReadonlyArray<ChangedFile>): string => {
  if (files.length === 0) return "Files changed: none."
  const total = (lines: (file: ChangedFile) => number | null) =>
    files.reduce((sum, file) => sum + (lines(file) ?? 0), 0)
  const listed = files.slice(0, maxFilesListed).map((file) =>
    `  ${file.status} ${oneLine(file.path, 300)} ${linesOf(file)}`
  )
  const more = files.length - listed.length
  const list = [...listed, ...(more === 0 ? [] : [`  [… ${count(more, "more file")}: see files_changed]`])].join("\n")
  return `Files changed (${files.length}, +${total((file) => file.added)} -${total((file) => file.deleted)} lines):\n${
    clipEnd(list, maxFileSection, "see files_changed")
  }`
}

const linesOf = ({ added, deleted }: ChangedFile): string =>
  added === null && deleted === null ? "(binary)" : `+${added ?? 0} -${deleted ?? 0}`

const indent = (text: string, by = "  "): string => text.split("\n").map((line) => `${by}${line}`).join("\n")
