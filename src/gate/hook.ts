/**
 * The hook program: Codex starts it before each tool use and does what it says.
 * It carries everything it needs, reads nothing relative to its working folder,
 * and ends with an error, which its caller turns into a denial, unless it could
 * decide and log.
 */
import { appendFileSync, readFileSync } from "node:fs"
import { decide, type ToolCall } from "./decide.ts"
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

const file = process.env[policyVariable]
if (file === undefined) throw new Error(`${policyVariable} is not set`)
const policy = parsePolicy(readFileSync(file, "utf8"))
const text = readFileSync(0)
if (text.byteLength > maxInputBytes) throw new Error("a call too large to judge")
const call = readCall(text.toString("utf8"), policy)
const decision = decide(policy, call)
// Logged before it is told: what runs is in the log, or doesn't run.
appendFileSync(policy.log, `${JSON.stringify({ at: new Date().toISOString(), ...call, ...decision })}\n`, {
  mode: 0o600
})
process.stdout.write(JSON.stringify({
  hookSpecificOutput: decision.allow
    ? {
      hookEventName: "PreToolUse",
      permissionDecision: "allow",
      ...(decision.runs === undefined ? {} : { updatedInput: { command: decision.runs } })
    }
    : { hookEventName: "PreToolUse", permissionDecision: "deny", permissionDecisionReason: decision.reason }
}))
