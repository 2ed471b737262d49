/**
 * The gate's log joined with what Codex reports. Codex leaves out calls that
 * were denied and some that failed at once; the log has all, but no exit codes.
 */
import { clipEnd, oneLine } from "../audit/plainText.ts"
import { type Command, maxCommandCharacters, maxCommands, type Transcript } from "../audit/Transcript.ts"
import type { Denied, Violation } from "../domain/Result.ts"
import type { GateEntry } from "./gateLog.ts"

/** Denials told one by one. */
export const maxDenied = 200
const maxDeniedCharacters = 2_000

export interface Joined {
  /** Its commands are every one that ran, in order, as the model asked for them. */
  readonly transcript: Transcript
  /** The first of them. */
  readonly denied: ReadonlyArray<Denied>
  readonly deniedDropped: number
  /** What Codex did without the gate's leave. */
  readonly breaches: ReadonlyArray<Violation>
}

export const joinGate = (transcript: Transcript, log: ReadonlyArray<GateEntry>): Joined => {
  const allowed = log.filter(isCommand)
  const reported = new Map<string, Array<Command>>()
  for (const command of transcript.commands) {
    const key = comparable(command.command)
    reported.set(key, [...(reported.get(key) ?? []), command])
  }
  const commands = allowed.map((entry) => {
    const found = reported.get(comparable(entry.runs ?? entry.what))?.shift()
    return { ...(found ?? unreported(entry)), command: clipEnd(entry.what, maxCommandCharacters, "in the gate's log") }
  })
  const unasked = [...reported.values()].flat()
  const edits = log.filter(isEdit).length
  const denied = log.filter((entry) => !entry.allow)
  return {
    transcript: {
      ...transcript,
      commands: [...commands, ...unasked].slice(-maxCommands),
      commandsDropped: Math.max(0, commands.length + unasked.length - maxCommands)
    },
    denied: denied.slice(0, maxDenied).map(denialOf),
    deniedDropped: Math.max(0, denied.length - maxDenied),
    breaches: [
      ...unasked.map(({ command }) => commandBreach(command)),
      ...(transcript.edits > edits ? [editsBreach(transcript.edits, edits)] : [])
    ].map((detail): Violation => ({ kind: "enforcement_breach", detail }))
  }
}

/** A denial as results tell of it. */
export const denialOf = (entry: GateEntry): Denied => ({
  tool: entry.tool === "Bash" ? "shell" : entry.tool,
  what: clipEnd(entry.what, maxDeniedCharacters, "in the gate's log"),
  reason: entry.reason ?? ""
})

/** A command that was allowed; an edit through the shell is none. */
export const isCommand = (entry: GateEntry): boolean => entry.allow && entry.tool === "Bash" && entry.edit !== true

export const isEdit = (entry: GateEntry): boolean => entry.allow && entry.edit === true

export const commandBreach = (command: string): string =>
  `a command ran that the gate had not allowed: "${oneLine(command, 300)}"`

export const editsBreach = (made: number, allowed: number): string =>
  `Codex made ${made} edits, the gate had allowed ${allowed}`

export const toolBreach = (tool: string): string =>
  `the tool ${oneLine(tool, 100)} was used, which the gate never allows`

/** Long texts are cut in the transcript: as much as is certain to be there is compared. */
export const comparable = (command: string): string => command.slice(0, maxCommandCharacters - 200)

const unreported = (entry: GateEntry): Command => ({
  id: entry.id,
  command: entry.what,
  exitCode: null,
  status: "",
  ended: false,
  output: "",
  outputDropped: 0,
  editsBefore: 0
})
