/**
 * A task's work as bytes: what is on disk against the pinned base, captured
 * through the runner's own git folder and published as a ref before the
 * worktree goes. What the agent staged, committed or configured doesn't count.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"
import type { ChangedFile } from "../domain/Changes.ts"
import { reasonOf } from "../domain/reasonOf.ts"
import type { Violation } from "../domain/Result.ts"
import { Git, joinNul } from "../git/Git.ts"
import { copyIndex } from "../process/copyFile.ts"
import { excludedFolders } from "../worktree/baseline.ts"
import type { Worktree } from "../worktree/Worktrees.ts"
import { type ApplyCheck, checkApplies } from "./applicability.ts"
import { type CaptureFailed, captureFailed } from "./CaptureFailed.ts"
import { changedPaths } from "./changedPaths.ts"
import { findingsOf } from "./findings.ts"
import { captureLimits, takeWithinLimits } from "./limits.ts"
import { hasOwnPointer, nestedRepositories, outsideSubmodules } from "./nested.ts"
import { parseRawDiff } from "./rawDiff.ts"
import { walk } from "./walk.ts"

/** What a task changed, as captured and published. */
export interface Changes {
  readonly files: ReadonlyArray<ChangedFile>
  /** Where symlinks among the changed files lead, by path. */
  readonly links: ReadonlyMap<string, string>
  /** Files that tools left behind: in no patch, but said. */
  readonly disposable: ReadonlyArray<string>
  /** What the bytes on disk alone show to be out of bounds. */
  readonly violations: ReadonlyArray<Violation>
  /** Why the capture misses something: then the worktree is kept. */
  readonly incomplete: ReadonlyArray<string>
  /** The exact patch on disk, null where nothing changed. */
  readonly patch: { readonly path: string; readonly bytes: number } | null
  readonly ref: string | null
  readonly applies: ApplyCheck
}

/** What to capture, and where to. */
export interface CaptureOptions {
  readonly worktree: Worktree
  /** Whether a changed file is one that tools leave behind. */
  readonly isDisposable: (path: string) => boolean
  /** The ref to publish under. */
  readonly ref: string
  /** Of the published commit. */
  readonly message: string
  readonly patchPath: string
}

export { captureLimits }

/** Turns what is on disk into a task's patch and ref. */
export class Patches extends Context.Tag("codex-runner/Patches")<
  Patches,
  {
    /** The task's processes must be gone. Publishes the ref, writes the patch, changes nothing in the worktree but special files and modes that forbid reading. */
    readonly capture: (options: CaptureOptions) => Effect.Effect<Changes, CaptureFailed>
  }
>() {
  static readonly layer = Layer.effect(
    Patches,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const git = yield* Git
      return Patches.of({
        capture: (options) =>
          capture(options).pipe(
            Effect.provideService(FileSystem.FileSystem, fs),
            Effect.provideService(Git, git),
            Effect.mapError((error) => error.message),
            // Even what nobody foresaw must be a failure to capture: that keeps the worktree.
            Effect.catchAllDefect((defect) => Effect.fail(reasonOf(defect))),
            Effect.mapError((reason) => captureFailed(options.worktree, reason))
          )
      })
    })
  )
}

const capture = Effect.fn("Patches.capture")(function*(options: CaptureOptions) {
  const { worktree } = options
  const { base } = worktree
  const seen = yield* walk(worktree.path, { except: yield* excludedFolders(worktree), expected: base.files })
  const changed = yield* changedPaths(worktree, seen)
  const outside = outsideSubmodules(base.gitlinks, changed.written)
  const candidates = [...changed.deleted, ...outside]
  const disposable = candidates.filter(options.isDisposable)
  const taken = takeWithinLimits(
    worktree.path,
    new Set(changed.deleted),
    candidates.filter((path) => !options.isDisposable(path))
  )

  // Of this capture alone: a git of one that was killed may still be at work, or have left its lock.
  const index = `${worktree.git.directory}/index.final-${randomBytes(4).toString("hex")}`
  yield* copyIndex(worktree.git.baseIndex, index)
  yield* updateIndex(worktree, index, taken.deleted, "--force-remove")
  const refused = yield* updateIndex(worktree, index, taken.written, "--add", "--replace")
  const nested = nestedRepositories(seen, outside)
  const found = {
    links: taken.links,
    disposable: [...disposable, ...changed.selfIgnored.map((folder) => `${folder}/`)],
    ...findingsOf({ seen, changed, taken, refused, nested, ownPointer: hasOwnPointer(worktree) })
  }
  const unchanged: Changes = {
    ...found,
    files: [],
    patch: null,
    ref: null,
    applies: { onBase: true, onHead: true, log: "The task changed no files: there is nothing to apply." }
  }
  if (taken.deleted.length + taken.written.length === 0) return unchanged

  const over = worktree.git.over(index)
  const tree = yield* git(over, "write-tree")
  const compare = ["diff-tree", "-r", "--no-renames", "--full-index", "--no-ext-diff", "--no-textconv"]
  const raw = yield* gitBytes(over, ...compare, "-z", "--raw", "--numstat", base.commit, tree)
  const files = parseRawDiff(raw)
  if (files.length === 0) return unchanged

  // The ref first: whatever becomes of the rest, the work is safe.
  const commit = yield* git(over, "commit-tree", "-p", base.commit, "-m", options.message, tree)
  yield* git(worktree.repository.target, "update-ref", options.ref, commit)
  const patch = yield* writePatch(over, options.patchPath, [...compare, "-p", "--binary"], base.commit, tree)
  const applies = yield* checkApplies(worktree, options.patchPath)
  return { ...found, files, patch, ref: options.ref, applies } satisfies Changes
})

const gitBytes = (target: Parameters<Context.Tag.Service<Git>["run"]>[0]["target"], ...args: ReadonlyArray<string>) =>
  Effect.flatMap(Git, (git) => git.run({ target, args, timeout: "2 minutes" })).pipe(
    Effect.map((answer) => answer.stdout)
  )

const git = (target: Parameters<typeof gitBytes>[0], ...args: ReadonlyArray<string>) =>
  Effect.map(gitBytes(target, ...args), (bytes) => new TextDecoder().decode(bytes).trim())

/**
 * git writes it itself, so that its size on disk is no matter of our memory. To
 * its standard output: what it could not write there it tells, while a file of
 * its own (`--output`) is cut short on a full disk with a zero exit.
 */
const writePatch = Effect.fnUntraced(function*(
  target: Parameters<typeof gitBytes>[0],
  path: string,
  compare: ReadonlyArray<string>,
  from: string,
  to: string
) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  const file = yield* fs.open(path, { flag: "w", mode: 0o600 })
  yield* git.run({ target, args: [...compare, from, to], outputFile: file.fd, timeout: "2 minutes" }).pipe(
    // On disk before the record that says so.
    Effect.zipRight(file.sync),
    // Half of a patch must not be taken for one.
    Effect.onError(() => Effect.ignore(file.truncate(0)))
  )
  const { size } = yield* file.stat
  return { path, bytes: Number(size) }
}, Effect.scoped)

const updateIndex = Effect.fnUntraced(function*(
  worktree: Worktree,
  index: string,
  paths: ReadonlyArray<string>,
  ...how: ReadonlyArray<string>
) {
  if (paths.length === 0) return []
  const git = yield* Git
  const answer = yield* git.run({
    target: worktree.git.over(index),
    args: ["update-index", "-z", ...how, "--stdin"],
    stdin: joinNul(paths),
    timeout: "5 minutes"
  })
  // A name that git takes for an attack is passed over with these words, and a zero exit.
  return [...answer.stderr.matchAll(/Ignoring path (.*)/g)].flatMap(([, path]) => path === undefined ? [] : [path])
})
