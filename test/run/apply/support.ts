/**
 * Runs on record without a run: each task's work made by plain git in a clone,
 * its patch, ref and signed record as the pipeline leaves them.
 *
 *     const repo = yield* gitRepo({ files: { "a.txt": "a\n" } })
 *     yield* recorded(repo, { one: { write: { "a.txt": "A\n" } } })
 *     yield* apply(repo, { run: "r1" })
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { CodexRunner } from "../../../src/CodexRunner.ts"
import { decodeConfig } from "../../../src/config/decodeConfig.ts"
import type { ApplyProblem, ApplyRequest } from "../../../src/domain/Apply.ts"
import type { TaskResult } from "../../../src/domain/Result.ts"
import { RunId, TaskId } from "../../../src/domain/Task.ts"
import { admit } from "../../../src/policy/admission.ts"
import { sha256Of } from "../../../src/store/records.ts"
import { RunStore } from "../../../src/store/RunStore.ts"
import { type Layout, layoutOf, refOf, taskFolder } from "../../../src/store/stateFolder.ts"
import { type Files, type GitRepo, plainGit, writeFiles } from "../../support/GitRepo.ts"
import { task } from "../../support/results.ts"
import { pipeline, type PipelineOptions } from "../pipeline.ts"

/** What a task left. */
export interface Work {
  readonly write?: Files
  readonly remove?: ReadonlyArray<string>
  /** In place of the patch of it. */
  readonly patch?: string
  readonly result?: Partial<TaskResult>
}

export const doWork = (root: string, { remove = [], write = {} }: Work): void => {
  for (const path of remove) Fs.rmSync(Path.join(root, path), { recursive: true, force: true })
  for (const [name, content] of Object.entries(write)) {
    makeRoom(root, name)
    writeFiles(root, { [name]: content })
  }
}

/** A file may come where a folder is, or a folder where a file is. */
const makeRoom = (root: string, name: string): void => {
  const parts = name.split("/")
  for (let length = 1; length < parts.length; length++) {
    const folder = Path.join(root, ...parts.slice(0, length))
    if (Fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) Fs.rmSync(folder)
  }
  Fs.rmSync(Path.join(root, name), { recursive: true, force: true })
}

export const layoutIn = (repo: GitRepo): Layout => {
  const [commonDir = "", objects = "", objectFormat = ""] = repo.git(
    "rev-parse",
    "--path-format=absolute",
    "--git-common-dir",
    "--git-path",
    "objects",
    "--show-object-format"
  ).split("\n")
  const target = { _tag: "Repository" as const, directory: repo.root }
  return layoutOf(`${repo.home}/state/codex-runner`, { root: repo.root, commonDir, objects, objectFormat, target })
}

/** Puts a finished run on record, by default of HEAD. */
export const recorded = (
  repo: GitRepo,
  tasks: Readonly<Record<string, Work>>,
  { base = repo.head(), runId = "r1" }: { readonly base?: string; readonly runId?: string } = {}
) =>
  Effect.gen(function*() {
    const store = yield* RunStore
    const layout = layoutIn(repo)
    const ids = Object.keys(tasks).map((id) => TaskId.make(id))
    const run_id = RunId.make(runId)
    const admitted = Either.getOrThrow(admit({
      request: { run_id, tasks: ids.map((task_id) => ({ task_id, prompt: task_id })) },
      config: Either.getOrThrow(decodeConfig({ limits: { tasks: 1000 }, max_tasks_per_run: 1000 })),
      runId: run_id,
      baseCommit: base
    }))
    yield* store.create(layout, admitted, new Date())
    const clone = cloneOf(repo, base)
    const results = ids.map((id) => resultOf(repo, layout, clone, base, runId, id, tasks[id] ?? {}))
    Fs.rmSync(clone, { recursive: true })
    for (const result of results) yield* store.recordTask(layout, run_id, result)
    yield* store.recordRun(layout, { run_id, status: "completed", base_commit: base, total_duration_ms: 1, results })
    return results
  }).pipe(Effect.provide(RunStore.layer.pipe(Layer.provide(NodeFileSystem.layer))))

/** A clone at a commit, without any conversion. */
export const cloneOf = (repo: GitRepo, commit: string): string => {
  const clone = Fs.mkdtempSync(`${repo.home}/clone-`)
  plainGit(repo.home, repo.env, "clone", "-q", "--shared", "--no-checkout", repo.root, clone)
  plainGit(clone, repo.env, "checkout", "-q", "--detach", commit)
  return clone
}

const resultOf = (
  repo: GitRepo,
  layout: Layout,
  clone: string,
  base: string,
  runId: string,
  taskId: TaskId,
  work: Work
): TaskResult => {
  const git = (...args: ReadonlyArray<string>) => plainGit(clone, repo.env, ...args)
  const ref = refOf(runId, taskId)
  git("checkout", "-q", "--force", "--detach", base)
  git("clean", "-qffdx")
  doWork(clone, work)
  git("add", "-A", "-f")
  const changed = git("status", "--porcelain") !== ""
  git("commit", "-q", "--allow-empty", "-m", taskId)
  if (changed) repo.git("fetch", "-q", clone, `HEAD:${ref}`)
  const folder = taskFolder(layout, runId, taskId)
  const patchPath = `${folder}/patch.diff`
  // Bytes, not text: git writes it itself.
  git("diff", "--binary", "--full-index", "--no-renames", `--output=${patchPath}`, base, "HEAD")
  if (work.patch !== undefined) Fs.writeFileSync(patchPath, work.patch)
  const leaves = changed || work.patch !== undefined
  return {
    ...task(taskId, { started_at: "2026-11-22T10:00:00.000Z", finished_at: "2026-11-22T10:01:00.000Z" }),
    summary: `Did ${taskId}.`,
    files_changed: git("diff", "--name-only", "-z", "--no-renames", base, "HEAD").split("\0").slice(0, -1),
    ref: leaves ? ref : null,
    patch_path: leaves ? patchPath : null,
    patch_sha256: leaves ? sha256Of(Fs.readFileSync(patchPath)) : null,
    log_dir: folder,
    ...work.result
  }
}

const withRunner = <A, E>(repo: GitRepo, effect: Effect.Effect<A, E, CodexRunner>, options?: PipelineOptions) =>
  Effect.provide(
    effect,
    pipeline(repo, () => {
      throw new Error("nothing runs here")
    }, options)
  )

export const apply = (repo: GitRepo, request: ApplyRequest, options?: PipelineOptions) =>
  withRunner(repo, Effect.flatMap(CodexRunner, (runner) => runner.apply(request)), options)

/** Why nothing was applied; the whole checkout, index and refs must be as before. */
export const refused = (repo: GitRepo, request: ApplyRequest, options?: PipelineOptions) =>
  Effect.gen(function*() {
    const before = stateOf(repo)
    const error = yield* Effect.flip(apply(repo, request, options))
    if (error._tag !== "NotApplied") throw error
    if (before !== stateOf(repo)) throw new Error(`something changed:\n${before}\n\n${stateOf(repo)}`)
    return error.problems
  })

/** Only what most tests look at. */
export const told = (problems: ReadonlyArray<ApplyProblem>) =>
  problems.map(({ kind, message }) => `${kind}: ${message}`)

export const conflictsIn = (repo: GitRepo, run = "last") =>
  withRunner(repo, Effect.flatMap(CodexRunner, (runner) => runner.conflicts(run)))

export const verified = (repo: GitRepo) => withRunner(repo, Effect.flatMap(CodexRunner, (runner) => runner.verify()))

/** What git says of a checkout: staged and other changes, with untracked files. */
export const statusOf = (repo: GitRepo): ReadonlyArray<string> =>
  repo.git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all").split("\0").slice(0, -1)

/** Everything of a checkout that an apply could change, and what it must not leave behind. */
const stateOf = (repo: GitRepo): string => {
  const gitDir = repo.git("rev-parse", "--absolute-git-dir")
  return [
    ...listing(repo.root),
    repo.git("ls-files", "-s", "-v"),
    repo.git("show-ref", "--head"),
    ...Fs.readdirSync(gitDir).filter((name) => /codex|lock/.test(name)),
    ...leftBehind(repo)
  ].join("\n")
}

/** In the state folder, of what an apply makes for a while. */
export const leftBehind = (repo: GitRepo): ReadonlyArray<string> => {
  const { root } = layoutIn(repo)
  return Fs.existsSync(root) ? Fs.readdirSync(root).filter((name) => !/^(runs|sweep\.lock)$/.test(name)) : []
}

/** Kind, mode and content of everything but `.git`. */
export const listing = (root: string): ReadonlyArray<string> =>
  Fs.readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const file = Path.join(entry.parentPath, entry.name)
    const name = Path.relative(root, file)
    if (/(^|\/)\.git(\/|$)/.test(name)) return []
    if (entry.isSymbolicLink()) return [`${name} -> ${Fs.readlinkSync(file)}`]
    if (entry.isDirectory()) return [`${name}/`]
    const mode = (Fs.statSync(file).mode & 0o100) === 0 ? "" : "*"
    return [`${name}${mode} ${Fs.readFileSync(file).toString("base64")}`]
  }).sort()

/** The exit code and stderr of plain git, whatever they are. */
export const tryGit = (cwd: string, env: GitRepo["env"], ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync("git", args, { cwd, env, encoding: "utf8" })
  return { code: status, stdout, stderr }
}
