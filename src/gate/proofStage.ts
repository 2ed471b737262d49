/** The folders that a proof is played in: laid out as a task's are, below a folder that commands must not read. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as os from "node:os"
import { tmpdirIn } from "../policy/environment.ts"
import { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import type { GatePolicy } from "./policyFile.ts"
import { canary, foreignShell, probeCommand, probeSource, type ProofFolders, proofPaths } from "./proofPlan.ts"

export interface Stage extends ProofFolders {
  readonly home: string
  readonly codexHome: string
  readonly policyFile: string
  readonly log: string
  /** What commands are to be kept from reading; undefined where reads are not to be confined. */
  readonly unreadable: ReadonlyArray<string> | undefined
}

/** Makes `folder`, a real path that must not exist. */
export const setStage = Effect.fnUntraced(function*(folder: string, confined: boolean) {
  const fs = yield* FileSystem.FileSystem
  const processes = yield* Processes
  const host = yield* Host
  const own = `${folder}/own`
  const stage: Stage = {
    worktree: `${own}/worktree`,
    outside: `${folder}/outside`,
    home: `${own}/scratch/home`,
    codexHome: `${own}/codex-home`,
    policyFile: `${own}/policy.json`,
    log: `${own}/gate.jsonl`,
    openFile: `${folder}/outside/open.txt`,
    deniedFile: `${folder}/outside/denied.txt`,
    fileInDenied: `${own}/secret.txt`,
    unreadable: confined ? [own, `${folder}/outside/denied.txt`] : undefined
  }
  for (const path of [`${stage.worktree}/allowed`, stage.outside, tmpdirIn(stage.home), stage.codexHome]) {
    yield* fs.makeDirectory(path, { recursive: true, mode: 0o700 })
  }
  const policy: GatePolicy = {
    worktree: stage.worktree,
    allowedCommands: [probeCommand],
    allowReadOnly: true,
    allowedPaths: proofPaths,
    protectedPaths: [],
    disposablePaths: [],
    searchPath: host.env["PATH"] ?? "",
    log: stage.log
  }
  yield* fs.writeFileString(stage.policyFile, JSON.stringify(policy), { mode: 0o600 })
  yield* fs.writeFileString(`${stage.worktree}/probe.mjs`, probeSource(stage))
  yield* fs.writeFileString(`${stage.worktree}/allowed/moved.txt`, "text\n")
  yield* fs.writeFileString(`${stage.worktree}/bash`, foreignShell, { mode: 0o700 })
  for (const file of [stage.openFile, stage.deniedFile, stage.fileInDenied]) {
    yield* fs.writeFileString(file, `${canary}\n`, { mode: 0o600 })
  }
  // Whatever shell runs the commands: none of its start-up files may be read.
  for (const name of [".profile", ".bash_profile", ".bashrc", ".zshenv", ".zshrc"]) {
    yield* fs.writeFileString(`${stage.home}/${name}`, `export CODEX_RUNNER_STARTUP_FILE=${canary}\n`)
  }
  yield* processes.run({
    command: "git",
    args: ["init", "--quiet", stage.worktree],
    cwd: folder,
    env: { PATH: host.env["PATH"] ?? "", HOME: os.tmpdir(), GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    timeout: "20 seconds",
    maxOutputBytes: 100_000
  })
  return stage
})
