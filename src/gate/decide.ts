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
import { compilePathRules, judgePath } from "../policy/pathRules.ts"
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
      return { allow: true, runs: verdict.canonical }
    case "ApplyPatch": {
      const edit = decidePatch(policy, verdict.patch, verdict.cwd)
      return edit.allow ? { allow: true, runs: verdict.canonical, edit: true } : edit
    }
    case "Deny":
      return deny(verdict.reason)
  }
}

/** Every path that the patch names must be in bounds, as it is written and as the links on its way lead. */
const decidePatch = (policy: GatePolicy, patch: string, cwd: string): Decision => {
  const parsed = parsePatchPaths(patch)
  if (!parsed.ok) return deny(`This patch can't be read: ${parsed.reason}`)
  const rules = compilePathRules({
    allowed: policy.allowedPaths,
    protected: policy.protectedPaths,
    disposable: policy.disposablePaths
  })
  const host = commandHost(policy.searchPath)
  for (const change of parsed.changes) {
    for (const named of change.movedTo === undefined ? [change.path] : [change.path, change.movedTo]) {
      const absolute = path.resolve(cwd, named)
      const real = followLinks(host, absolute)
      if (real === undefined) {
        return deny(`Path not in allowed patterns: "${named}". A link on its way leads nowhere.`)
      }
      for (const place of new Set([absolute, real])) {
        const relative = path.relative(policy.worktree, place)
        if (relative === "" || relative === ".." || relative.startsWith("../")) {
          return deny(`Path not in allowed patterns: "${named}". It leads outside the worktree.`)
        }
        const judgement = judgePath(rules, relative)
        if (judgement._tag === "Denied") {
          return deny(`${judgement.violation.detail} Allowed: ${policy.allowedPaths.join(", ")}.`)
        }
      }
    }
  }
  return { allow: true, edit: true }
}

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
