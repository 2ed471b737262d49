/** Which of Codex's commands say something about its work. */
import type { Command, Transcript } from "./Transcript.ts"

/** What looks around or moves files: its exit code says nothing about the work (grep finds nothing: 1). */
const others = new Set(
  ("ls cat head tail wc nl sed grep rg find pwd true false echo printf sort uniq cut stat file test [ cd which diff tree du git " +
    "mkdir rm mv cp touch ln chmod").split(" ")
)

/** True where a command did more than that: a test, a build, a linter. */
const isCheck = ({ command }: Command): boolean =>
  command.split(/&&|\|\||[;|\n]/).some((part) => {
    const word = part.trim().split(/\s+/, 1)[0]?.replace(/^['"\\]+|['"]+$/g, "").split("/").at(-1) ?? ""
    return word !== "" && !others.has(word)
  })

/** The last run of each check: what an earlier one said has been overtaken. */
export const lastChecks = (transcript: Transcript): ReadonlyArray<Command> => {
  const last = new Map<string, Command>()
  for (const command of transcript.commands) {
    if (isCheck(command)) last.set(command.command, command)
  }
  return [...last.values()]
}

export const passed = (command: Command): boolean => command.ended && command.exitCode === 0

/** Ended with a code, and not with 0; one without a code is neither passed nor failed. */
export const failed = (command: Command): boolean =>
  command.ended && (command.exitCode === null ? command.status === "failed" : command.exitCode !== 0)
