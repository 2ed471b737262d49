/**
 * The gate's decision on one tool call, before it happens. Deny by default:
 * a tool that is not known, a call that can't be read, a rule that throws.
 */
import { lstatSync } from "node:fs"
import * as path from "node:path"
import { commandHost } from "../policy/commandHost.ts"
import { judgeCommand } from "../policy/commands/judgeCommand.ts"
import type { CommandHost } from "../policy/commands/model.ts"
import { parsePatchPaths } from "../policy/commands/patchPaths.ts"
import { resolveInside } from "../policy/commands/paths.ts"
import { intoTmpdir } from "../policy/environment.ts"
import { compilePathRules, judgePath, type PathRules } from "../policy/pathRules.ts"
import type { GatePolicy } from "./policyFile.ts"

export interface ToolCall {
  readonly id: string
  readonly tool: string
  /** The command, the patch, or the arguments as JSON. */
  readonly what: string
  /** The call's working folder where Codex tells it (0.166 and later), else the worktree. */
  readonly cwd: string
}

export type Decision =
  /** `runs`: what Codex is told to run in place of what the model wrote. `edit`: Codex takes it for an edit, not a command. */
  | { readonly allow: true; readonly runs?: string; readonly edit?: true }
  | { readonly allow: false; readonly reason: string }

/** Tools that touch nothing outside the conversation. */
const harmlessTools: ReadonlySet<string> = new Set(["update_plan", "clocksleep", "clock.sleep", "sleep"])

const deny = (reason: string): Decision => ({ allow: false, reason })

export const decide = (policy: GatePolicy, call: ToolCall): Decision => {
  try {
    return judge(policy, call)
  } catch {
    return deny("This call could not be judged.")
  }
}

const judge = (policy: GatePolicy, call: ToolCall): Decision => {
  switch (call.tool) {
    case "Bash":
      return decideCommand(policy, call)
    case "apply_patch":
      return decidePatch(policy, call.what, policy.worktree)
    default:
      return harmlessTools.has(call.tool)
        ? { allow: true }
        : deny(`The tool "${call.tool}" is not allowed here. Use shell commands and apply_patch.`)
  }
}

const decideCommand = (policy: GatePolicy, call: ToolCall): Decision => {
  const verdict = judgeCommand({
    command: call.what,
    cwd: call.cwd,
    worktree: policy.worktree,
    allowedCommands: policy.allowedCommands,
    allowReadOnly: policy.allowReadOnly,
    host: commandHost(policy.searchPath)
  })
  switch (verdict._tag) {
    case "Allow":
      return { allow: true, runs: `${intoTmpdir}${verdict.canonical}` }
    case "ApplyPatch": {
      const edit = decidePatch(policy, verdict.patch, verdict.cwd)
      return edit.allow ? { allow: true, runs: verdict.canonical, edit: true } : edit
    }
    case "Deny":
      return deny(verdict.reason)
  }
}

/** Every path that the patch names must be in bounds. */
const decidePatch = (policy: GatePolicy, patch: string, cwd: string): Decision => {
  const parsed = parsePatchPaths(patch)
  if (!parsed.ok) return deny(`This patch can't be read: ${parsed.reason}`)
  const rules = compilePathRules({
    allowed: policy.allowedPaths,
    protected: policy.protectedPaths,
    disposable: policy.disposablePaths
  })
  const host = commandHost(policy.searchPath)
  const named = parsed.changes.flatMap(({ movedTo, path }) => movedTo === undefined ? [path] : [path, movedTo])
  for (const path of named) {
    const fault = faultOf(path, { policy, rules, host, cwd })
    if (fault !== undefined) return deny(fault)
  }
  return { allow: true, edit: true }
}

interface Edit {
  readonly policy: GatePolicy
  readonly rules: PathRules
  readonly host: CommandHost
  readonly cwd: string
}

/**
 * Why a path may not be edited: as it is written, or where the links on its way lead. To Codex the folder above a link
 * is the one that the link lies in, to the kernel the one above what it leads to: both must be in bounds.
 */
const faultOf = (named: string, { cwd, host, policy, rules }: Edit): string | undefined => {
  const outOfBounds = (place: string): string | undefined => {
    const relative = path.relative(policy.worktree, place)
    if (relative === "" || relative === ".." || relative.startsWith("../")) {
      return `Path not in allowed patterns: "${named}". It leads outside the worktree.`
    }
    const judgement = judgePath(rules, relative)
    return judgement._tag === "Denied" ? `${judgement.violation.detail} ${whatIsAllowed(policy)}` : undefined
  }
  const written = path.resolve(cwd, named)
  const real = followLinks(host, written)
  if (real === undefined) return `Path not in allowed patterns: "${named}". A link on its way leads nowhere.`
  const fault = outOfBounds(written) ?? outOfBounds(real)
  if (fault !== undefined || !named.split("/").includes("..")) return fault
  const above = resolveInside({ worktree: policy.worktree, cwd, host }, named)
  return above === undefined
    ? `Path not in allowed patterns: "${named}". Where its ".." leads is not certain: leave it out.`
    : outOfBounds(above)
}

const whatIsAllowed = ({ allowedPaths }: GatePolicy): string =>
  allowedPaths.length === 0 ? "This task may change no file." : `Allowed: ${allowedPaths.join(", ")}.`

/**
 * The path with the links in the part of it that exists followed; undefined
 * where one of them leads to nothing: a write would make what it leads to.
 */
const followLinks = (host: CommandHost, absolute: string): string | undefined => {
  const rest: Array<string> = []
  for (let head = absolute;; head = path.dirname(head)) {
    const real = host.realpath(head)
    if (real !== undefined) return path.join(real, ...rest)
    if (path.dirname(head) === head || isLink(head)) return undefined
    rest.unshift(path.basename(head))
  }
}

const isLink = (file: string): boolean => {
  try {
    return lstatSync(file).isSymbolicLink()
  } catch {
    // Nothing is there, or a file where a folder is named.
    return false
  }
}
