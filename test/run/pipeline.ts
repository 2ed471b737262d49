/** The pipeline over real git and a real state folder, with a Codex that follows a script. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Codex } from "../../src/codex/Codex.ts"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { RunnerConfig, type RunnerConfigInput } from "../../src/config/RunnerConfig.ts"
import { RunId, type RunRequest, TaskId } from "../../src/domain/Task.ts"
import { Gate } from "../../src/gate/Gate.ts"
import { GateNotProven } from "../../src/gate/provenGate.ts"
import { Git } from "../../src/git/Git.ts"
import { RepoLock } from "../../src/git/RepoLock.ts"
import { Patches } from "../../src/patch/Patches.ts"
import { SecurityPolicy } from "../../src/policy/SecurityPolicy.ts"
import { Host } from "../../src/process/Host.ts"
import { offerContainment } from "../../src/process/offerContainment.ts"
import { Processes } from "../../src/process/Processes.ts"
import { Slots } from "../../src/process/Slots.ts"
import { RunStore } from "../../src/store/RunStore.ts"
import { type CodexScript, layerScriptedCodex, turn } from "../../src/testing.ts"
import { Trash } from "../../src/worktree/Trash.ts"
import { Worktrees } from "../../src/worktree/Worktrees.ts"
import { type Files, type GitRepo, writeFiles } from "../support/GitRepo.ts"

export interface PipelineOptions {
  readonly config?: RunnerConfigInput
  readonly env?: Readonly<Record<string, string>>
  /** Where the runner is started. Default: the repository's root. */
  readonly directory?: string
  /** In place of the ones that ship. */
  readonly git?: typeof Git.layer
  readonly platform?: typeof NodeContext.layer
  /** Codex held together as this machine lets us, where it would be held by its group alone. */
  readonly contained?: boolean
}

/** The facade with every stage real but the Codex given. */
export const runnerWith = (repo: GitRepo, codex: Layer.Layer<Codex>, options: PipelineOptions = {}) =>
  CodexRunner.layerStages.pipe(
    Layer.provide(codex),
    Layer.provide(Layer.mergeAll(Gate.layer, Patches.layer, SecurityPolicy.layer, Worktrees.layer)),
    Layer.provide(Layer.mergeAll(options.git ?? Git.layer, RepoLock.layer, RunStore.layer, Slots.layer, Trash.layer)),
    Layer.provide(Processes.layer),
    Layer.provide(options.platform ?? NodeContext.layer),
    Layer.provide(RunnerConfig.layerValue({ resource_policy: "normal", ...options.config })),
    Layer.provide(Layer.succeed(Host, { env: options.env ?? repo.env, directory: options.directory ?? repo.root }))
  )

export const pipeline = (repo: GitRepo, script: CodexScript, options: PipelineOptions = {}) =>
  runnerWith(repo, layerScriptedCodex(script), options)

/** Every stage as it ships, with the Codex behind `codex_command`, but no gate: that has tests of its own. */
export const shippedRunner = (repo: GitRepo, options: PipelineOptions = {}) =>
  CodexRunner.layerStages.pipe(
    Layer.provide(Layer.mergeAll(
      Codex.layer,
      options.contained === true ? containing : gateless,
      Patches.layer,
      SecurityPolicy.layer,
      Worktrees.layer
    )),
    Layer.provide(Layer.mergeAll(Git.layer, RepoLock.layer, RunStore.layer, Slots.layer, Trash.layer)),
    Layer.provide(Processes.layer),
    Layer.provide(NodeContext.layer),
    Layer.provide(RunnerConfig.layerValue({ resource_policy: "normal", enforcement: "audit", ...options.config })),
    Layer.provide(Layer.succeed(Host, { env: options.env ?? repo.env, directory: options.directory ?? repo.root }))
  )

const gateless = Layer.succeed(Gate, {
  arm: () => Effect.fail(new GateNotProven({ gate: ["there is none in this test"], sandbox: [] }))
})

/** No more than what a gate says of containment: it asks nothing and denies nothing. */
const containing = Layer.effect(
  Gate,
  Effect.map(Effect.context<Processes>(), (context) =>
    Gate.of({
      arm: () =>
        Effect.map(Effect.provide(offerContainment(process.env["PATH"]), context), (containment) => ({
          openReads: ["there is no sandbox in this test"],
          settings: [],
          containment,
          forTask: () => Effect.succeed({})
        }))
    }))
)

/** A request for tasks whose prompts are their names. */
export const requestFor = (
  tasks: ReadonlyArray<string>,
  more: Partial<Omit<RunRequest, "run_id" | "tasks">> & { readonly run_id?: string } = {}
): RunRequest => {
  const { run_id, ...rest } = more
  return {
    ...rest,
    ...(run_id === undefined ? {} : { run_id: RunId.make(run_id) }),
    tasks: tasks.map((id) => ({ task_id: TaskId.make(id), prompt: id }))
  }
}

export const run = (request: RunRequest) => Effect.flatMap(CodexRunner, (runner) => runner.run(request))

/** Writes these files into its worktree, and ends well. */
export const writes = (files: Files): CodexScript => (job) =>
  Stream.unwrap(Effect.sync(() => {
    writeFiles(job.worktree, files)
    return Stream.fromIterable(turn("Written."))
  }))

/** Of each task its own script. */
export const scripts = (byTask: Readonly<Record<string, CodexScript>>): CodexScript => (job) => {
  const script = byTask[job.task.taskId]
  if (script === undefined) throw new Error(`no script for task ${job.task.taskId}`)
  return script(job)
}

/** The one folder of this repository in the state folder. */
export const stateOf = (repo: GitRepo): string => {
  const state = Path.join(repo.home, "state", "codex-runner")
  const [folder, ...others] = Fs.readdirSync(state, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "codex" && entry.name !== "trust")
    .map((entry) => entry.name)
  if (folder === undefined || others.length > 0) throw new Error(`expected one folder in ${state}`)
  return Path.join(state, folder)
}

/** Every file below a folder, by relative path, sorted; nothing where there is no folder. */
export const filesBelow = (folder: string): ReadonlyArray<string> =>
  Fs.existsSync(folder)
    ? Fs.readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => Path.relative(folder, Path.join(entry.parentPath, entry.name)))
      .sort()
    : []

/** What a run may leave in the state folder beside its record: nothing. */
export const leftovers = (repo: GitRepo): ReadonlyArray<string> => {
  const state = stateOf(repo)
  return Fs.readdirSync(state).filter((name) => !["runs", "lock", "sweep.lock", "slots"].includes(name))
    .flatMap((name) => filesBelow(Path.join(state, name)).map((file) => `${name}/${file}`))
}

/** git's own list of the repository's worktrees: the checkout alone, unless one is left. */
export const worktreesOf = (repo: GitRepo): ReadonlyArray<string> =>
  repo.git("worktree", "list", "--porcelain").split("\n").flatMap((line) =>
    line.startsWith("worktree ") ? [line.slice("worktree ".length)] : []
  )

export const refsOf = (repo: GitRepo): ReadonlyArray<string> =>
  repo.git("for-each-ref", "--format=%(refname)", "refs/codex-runner/").split("\n").filter((ref) => ref !== "")

/** Whether a process is there, and not as a zombie. */
export const lives = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(Fs.readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

/** Waits until a folder has an entry of this name. */
export const appears = (folder: string, name: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    const watcher = Fs.watch(folder)
    const look = () => {
      if (!Fs.existsSync(Path.join(folder, name))) return
      watcher.close()
      resume(Effect.void)
    }
    watcher.on("change", look)
    look()
    return Effect.sync(() => watcher.close())
  })

/** Waits for something in a run; a run that is over before can't bring it any more. */
export const unlessOver = <A, E>(fiber: Fiber.Fiber<A, E>, wait: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.raceFirst(
    wait,
    Effect.flatMap(Fiber.await(fiber), (exit) => Effect.dieMessage(`the run is over: ${JSON.stringify(exit)}`))
  )
