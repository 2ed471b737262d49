/** What the gate's tests share. */
import type { GatePolicy } from "../../src/gate/policyFile.ts"

export const policyFor = (worktree: string): GatePolicy => ({
  worktree,
  allowedCommands: ["npm test", "node work.mjs"],
  allowReadOnly: true,
  allowedPaths: ["src/**"],
  protectedPaths: [],
  disposablePaths: ["**/__pycache__/**"],
  searchPath: process.env["PATH"] ?? "/usr/bin:/bin",
  log: `${worktree}/../gate.jsonl`
})
