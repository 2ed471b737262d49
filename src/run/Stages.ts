/** Everything a run is made of; each can be replaced. */
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Codex } from "../codex/Codex.ts"
import type { RunnerConfig } from "../config/RunnerConfig.ts"
import type { Gate } from "../gate/Gate.ts"
import type { Git } from "../git/Git.ts"
import type { RepoLock } from "../git/RepoLock.ts"
import type { Patches } from "../patch/Patches.ts"
import type { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import type { Host } from "../process/Host.ts"
import type { Processes } from "../process/Processes.ts"
import type { Slots } from "../process/Slots.ts"
import type { RunStore } from "../store/RunStore.ts"
import type { Trash } from "../worktree/Trash.ts"
import type { Worktrees } from "../worktree/Worktrees.ts"

/** Every service that a run is made of. */
export type Stages =
  | Codex
  | FileSystem
  | Gate
  | Git
  | Host
  | Patches
  | Processes
  | RepoLock
  | RunnerConfig
  | RunStore
  | SecurityPolicy
  | Slots
  | Trash
  | Worktrees
