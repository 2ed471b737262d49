/**
 * The hook program: Codex starts it before each tool use and does what it says.
 * It carries everything it needs, reads nothing relative to its working folder,
 * and ends with a code of its own only once it has decided and logged: any other
 * end is a denial to its caller.
 */
import { appendFileSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs"
import { decide, type Decision, type ToolCall } from "./decide.ts"
import { endCodes } from "./hookCommand.ts"
import { type GatePolicy, parsePolicy, policyVariable } from "./policyFile.ts"

/** A patch is the largest thing that a call holds. */
const maxInputBytes = 32 * 1024 * 1024

const readCall = (text: string, policy: GatePolicy): ToolCall => {
  const input: unknown = JSON.parse(text)
  const of = (source: unknown, name: string): unknown =>
    typeof source === "object" && source !== null
      ? Object.entries(source).find(([key]) => key === name)?.[1]
      : undefined
  const tool = of(input, "tool_name")
  if (typeof tool !== "string") throw new TypeError("a call without a tool")
  const given = of(input, "tool_input")
  const command = of(given, "command")
  if ((tool === "Bash" || tool === "apply_patch") && typeof command !== "string") {
    throw new TypeError("a call without a command")
  }
  const id = of(input, "tool_use_id")
  const cwd = of(input, "cwd")
  return {
    id: typeof id === "string" ? id : "",
    tool,
    what: typeof command === "string" ? command : JSON.stringify(given ?? null).slice(0, 10_000),
    cwd: typeof cwd === "string" && cwd !== "" ? cwd : policy.worktree
  }
}

/** Characters of a command or patch that are logged: nobody reads more, and a model may send no end of it. */
const maxLogged = 32_000
/** Of all else, which is short in an honest call. Escapes included, a line is shorter than what its readers take. */
const maxShort = 4_000

const cut = (text: string): string => text.length <= maxShort ? text : `${text.slice(0, maxShort)}…`

const logEntry = (call: ToolCall, decision: Decision): object => ({
  at: new Date().toISOString(),
  id: cut(call.id),
  tool: cut(call.tool),
  what: call.what.slice(0, maxLogged),
  cwd: cut(call.cwd),
  ...decision,
  ...("runs" in decision ? { runs: decision.runs?.slice(0, maxLogged) } : {})
})

/** A reason may name what the model wrote. */
const withCutReason = (decision: Decision): Decision =>
  decision.allow ? decision : { allow: false, reason: cut(decision.reason) }

/** Whether the last line was cut short, as by a full disk: the next one would be lost with it. */
const endsTorn = (fd: number): boolean => {
  const { size } = fstatSync(fd)
  const last = Buffer.alloc(1)
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() !== "\n"
}

const file = process.env[policyVariable]
if (file === undefined) throw new Error(`${policyVariable} is not set`)
const policy = parsePolicy(readFileSync(file, "utf8"))
const text = readFileSync(0)
if (text.byteLength > maxInputBytes) throw new Error("a call too large to judge")
const call = readCall(text.toString("utf8"), policy)
const decision = withCutReason(decide(policy, call))
const log = openSync(policy.log, "a+", 0o600)
// Logged before it is told: what runs is in the log, or doesn't run.
appendFileSync(log, `${endsTorn(log) ? "\n" : ""}${JSON.stringify(logEntry(call, decision))}\n`)
// By descriptor: Node's own streams take a quarter of the whole time to set up.
if (decision.allow) {
  writeFileSync(
    1,
    JSON.stringify({
      hookSpecificOutput: {
        hookEventName: "PreToolUse",
        permissionDecision: "allow",
        ...(decision.runs === undefined ? {} : { updatedInput: { command: decision.runs } })
      }
    })
  )
} else {
  writeFileSync(2, decision.reason)
}
process.exitCode = decision.allow ? endCodes.allowed : endCodes.denied
