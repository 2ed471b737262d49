/** What Codex is told beside the task itself. */
import { existsSync } from "node:fs"
import type { AdmittedTask } from "../domain/Task.ts"
import { builtInProtectedPaths } from "../policy/pathRules.ts"

/** To a thread that was interrupted, which knows its task. */
export const goOn =
  "You were interrupted in the middle of this task, by no fault of yours. What you had changed is in the " +
  "worktree; commands that were running have ended. Look at where things stand, then finish the task."

/** The same for a task that only reads. */
export const readingInstructions = [
  "You work in a git worktree of your own. Change nothing in it: the sandbox is read-only, and every edit is denied.",
  "Run nothing but simple commands that only read: ls, cat, head, tail, sed -n, grep, rg, find, git log, git show and the like.",
  "There is nobody to ask: finish on your own, and end with the answer alone, as JSON by the output schema."
].join("\n")

/** Codex is told the policy, so that it spends no turns on what is out of bounds. */
export const developerInstructions = (task: AdmittedTask): string =>
  [
    "You work in a git worktree of your own. Leave your changes uncommitted: they are collected from the files on disk.",
    `Change only files that match one of these globs: ${task.allowedPaths.join(", ")}.`,
    `Never change: ${[...builtInProtectedPaths, ...task.protectedPaths].join(", ")}.`,
    `Run only these commands, and simple commands that only read: ${task.allowedCommands.join("; ")}.`,
    "Edit files with apply_patch. There is nobody to ask: finish on your own, and end with a short summary of what you did and what you could not do."
  ].join("\n")

/** Whether Codex has guidance of the repository's own to look for in a worktree, by the names that it knows or is told. */
export const isGuided = (worktree: string, codexConfig: ReadonlyArray<string>): boolean =>
  ["AGENTS.md", "AGENTS.override.md"].some((name) => existsSync(`${worktree}/${name}`)) ||
  codexConfig.some((entry) => entry.startsWith("project_doc_"))
