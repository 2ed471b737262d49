/** Every stage as it ships. */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Layer from "effect/Layer"
import { Codex } from "../codex/Codex.ts"
import type { RunnerConfig } from "../config/RunnerConfig.ts"
import { Gate } from "../gate/Gate.ts"
import { Git } from "../git/Git.ts"
import { RepoLock } from "../git/RepoLock.ts"
import { Patches } from "../patch/Patches.ts"
import { SecurityPolicy } from "../policy/SecurityPolicy.ts"
import type { Host } from "../process/Host.ts"
import { Processes } from "../process/Processes.ts"
import { Slots } from "../process/Slots.ts"
import { RunStore } from "../store/RunStore.ts"
import { Trash } from "../worktree/Trash.ts"
import { Worktrees } from "../worktree/Worktrees.ts"
import type { Stages } from "./Stages.ts"

/** What stages are made in. */
export type Surroundings = CommandExecutor | FileSystem | Host | RunnerConfig

/**
 * Every stage as it ships. A stage of your own goes between the facade and
 * these, and may ask for the one that it stands in for:
 *
 *     CodexRunner.layerStages.pipe(Layer.provide(yours), Layer.provide(shippedStages))
 *
 * `Git`, `Processes`, `RepoLock` and `Trash` are what the others are built on:
 * one of these replaced like that serves the runs themselves, not the other stages.
 */
export const shippedStages: Layer.Layer<Exclude<Stages, Surroundings>, never, Surroundings> = Layer.mergeAll(
  Codex.layer,
  Gate.layer,
  Patches.layer,
  SecurityPolicy.layer,
  Worktrees.layer
).pipe(
  Layer.provideMerge(Layer.mergeAll(Git.layer, RepoLock.layer, RunStore.layer, Slots.layer, Trash.layer)),
  Layer.provideMerge(Processes.layer)
)
