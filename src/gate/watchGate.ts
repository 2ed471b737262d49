/**
 * Codex's events held against the gate's log while Codex works: what it does
 * without the gate's leave ends the task at once. The gate logs a call before
 * Codex makes it, and Codex tells of it only then, so a call that the log does
 * not know when the event is here was never asked about.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { closeSync, openSync, readSync } from "node:fs"
import { unwrapShell } from "../audit/shellCommand.ts"
import type { CodexEvent, Item } from "../domain/CodexEvent.ts"
import { decodeGateEntry, gateLogIn } from "./gateLog.ts"
import { commandBreach, comparable, editsBreach, isCommand, isEdit, toolBreach } from "./joinGate.ts"

/** Codex did what the gate had not allowed: it is not asking any more. */
export class EnforcementBreach extends Schema.TaggedError<EnforcementBreach>()("EnforcementBreach", {
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.detail}. Codex was ended at once.`
  }
}

/** For the events of one Codex, in their order. */
export const watchGate = (folder: string) => {
  const log = makeTail(gateLogIn(folder))
  /** Leaves that were given and not taken, by command. */
  const leaves = new Map<string, number>()
  let editsAllowed = 0
  let edits = 0
  const running = new Set<string>()

  const readOn = (): void => {
    for (const line of log()) {
      const entry = Option.getOrUndefined(decodeGateEntry(line))
      if (entry === undefined) continue
      if (isEdit(entry)) editsAllowed++
      if (!isCommand(entry)) continue
      const command = comparable(entry.runs ?? entry.what)
      leaves.set(command, (leaves.get(command) ?? 0) + 1)
    }
  }

  const take = (command: string): boolean => {
    const key = comparable(command)
    if ((leaves.get(key) ?? 0) === 0) readOn()
    const left = leaves.get(key) ?? 0
    leaves.set(key, Math.max(0, left - 1))
    return left > 0
  }

  const judge = (item: Item, ended: boolean): string | undefined => {
    switch (item.type) {
      case "command_execution": {
        const isNew = !running.has(item.id)
        if (ended) running.delete(item.id)
        else running.add(item.id)
        const command = unwrapShell(item.command)
        return !isNew || take(command) ? undefined : commandBreach(command)
      }
      case "file_change":
        if (!ended || item.status === "failed") return undefined
        edits++
        if (edits > editsAllowed) readOn()
        return edits > editsAllowed ? editsBreach(edits, editsAllowed) : undefined
      case "mcp_tool_call":
        return ended && item.status === "completed" ? toolBreach(`${item.server}.${item.tool}`) : undefined
      default:
        return undefined
    }
  }

  return (event: CodexEvent): Effect.Effect<void, EnforcementBreach> =>
    Effect.suspend(() => {
      if (!("item" in event)) return Effect.void
      const breach = judge(event.item, event.type === "item.completed")
      return breach === undefined ? Effect.void : new EnforcementBreach({ detail: breach })
    })
}

/** A step of reading; what the hook logs for one call is less. */
const stepBytes = 256 * 1024
const newline = 0x0a

/** Gives the lines that came to a file since it was last asked; one that is not whole yet comes with its end. */
const makeTail = (path: string) => {
  let offset = 0
  let rest = Buffer.alloc(0)
  return (): ReadonlyArray<string> => {
    const read = readFrom(path, offset)
    offset += read.byteLength
    const bytes = Buffer.concat([rest, read])
    const end = bytes.lastIndexOf(newline) + 1
    rest = bytes.subarray(end)
    return bytes.toString("utf8", 0, end).split("\n")
  }
}

const readFrom = (path: string, offset: number): Buffer => {
  const read: Array<Buffer> = []
  try {
    const file = openSync(path, "r")
    try {
      for (let at = offset;;) {
        const bytes = Buffer.alloc(stepBytes)
        const count = readSync(file, bytes, 0, stepBytes, at)
        if (count === 0) break
        read.push(bytes.subarray(0, count))
        at += count
      }
    } finally {
      closeSync(file)
    }
  } catch {
    // There is no log before the first call.
  }
  return Buffer.concat(read)
}
