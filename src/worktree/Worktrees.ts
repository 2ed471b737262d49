/**
 * A worktree of the task's own, as a scoped resource: registered under the
 * repository's lock, filled outside it, and gone again whatever happens.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as path from "node:path"
import type { AdmittedTask } from "../domain/Task.ts"
import { Git, joinNul } from "../git/Git.ts"
import { RepoLock } from "../git/RepoLock.ts"
import type { BaseTree, Repository } from "../git/Repository.ts"
import { removeEntry } from "../git/worktreeEntries.ts"
import { tmpdirIn } from "../policy/environment.ts"
import { copyIndex } from "../process/copyFile.ts"
import { makePrivateGit, type PrivateGit } from "./PrivateGit.ts"
import { tellCleanupFailed } from "./tellCleanupFailed.ts"
import { Trash } from "./Trash.ts"

/** Where things of one repository lie in the state folder. */
export interface WorktreePlaces {
  readonly worktree: string
  readonly gitDir: string
  /** HOME and TMPDIR of the task's commands. */
  readonly scratch: string
  readonly trash: string
  readonly lock: string
}

/** A task's worktree, with what belongs to it. */
export interface Worktree {
  readonly path: string
  readonly git: PrivateGit
  readonly repository: Repository
  readonly base: BaseTree
  /** git's own entry for it in the user's repository. */
  readonly entry: string
  /** Writable for the task's commands, and nobody else's; their folder for temporary files is in it. */
  readonly home: string
  /** Keeps the worktree on disk when its scope closes. */
  readonly keep: Effect.Effect<void>
}

/** A worktree could not be made. */
export class WorktreeFailed extends Schema.TaggedError<WorktreeFailed>()("WorktreeFailed", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot make the worktree ${this.path}: ${this.reason}`
  }
}

/** Makes a worktree for a task, and removes it with its scope. */
export class Worktrees extends Context.Tag("codex-runner/Worktrees")<
  Worktrees,
  {
    /** A worktree of the base commit, filled, with a clean `git status`. Setup comes after. */
    readonly acquire: (options: {
      readonly task: AdmittedTask
      readonly repository: Repository
      readonly base: BaseTree
      readonly places: WorktreePlaces
      /** The user's own ignore patterns from outside the tree. */
      readonly excludes: string
      /** For a dry run: register it, leave it empty. */
      readonly checkout: boolean
    }) => Effect.Effect<Worktree, WorktreeFailed, Scope.Scope>
    /** Waits until what was removed is gone from disk. */
    readonly settle: Effect.Effect<void>
  }
>() {
  static readonly layer = Layer.effect(
    Worktrees,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const git = yield* Git
      const locks = yield* RepoLock
      const trash = yield* Trash
      /** git's entries of removed worktrees, deleted at the next chance under the lock. */
      const entriesToDelete = yield* Ref.make<ReadonlyArray<{ readonly entry: string; readonly lock: string }>>([])

      /** One task's entry that can't be deleted is no reason to refuse another its worktree. */
      const deleteEntries = (lock: string) =>
        Effect.flatMap(
          Ref.modify(entriesToDelete, (all) => [
            all.filter((one) => one.lock === lock),
            all.filter((one) => one.lock !== lock)
          ]),
          Effect.forEach(
            ({ entry }) => Effect.sync(() => removeEntry(entry)).pipe(Effect.catchAllCause(tellCleanupFailed)),
            { discard: true }
          )
        )

      const register = Effect.fn("Worktrees.register")(
        function*(repository: Repository, base: string, places: WorktreePlaces) {
          yield* deleteEntries(places.lock)
          yield* git.run({
            target: repository.target,
            args: ["worktree", "add", "--no-checkout", "--detach", "--quiet", places.worktree, base]
          })
          const pointer = yield* fs.readFileString(`${places.worktree}/.git`)
          return path.resolve(places.worktree, pointer.replace(/^gitdir: /, "").trim())
        },
        (effect, _repository, _base, places) => locks.withLock(places.lock)(effect)
      )

      const discardFolders = (places: WorktreePlaces, worktreeToo: boolean) =>
        Effect.forEach(
          [...(worktreeToo ? [places.worktree] : []), places.gitDir, places.scratch],
          (folder) => trash.discard(folder, places.trash),
          { discard: true }
        )

      const release = (places: WorktreePlaces, entry: string, kept: Ref.Ref<boolean>) =>
        Effect.gen(function*() {
          const keep = yield* Ref.get(kept)
          yield* discardFolders(places, !keep)
          if (!keep) yield* Ref.update(entriesToDelete, (all) => [...all, { entry, lock: places.lock }])
        })

      const fill = Effect.fn("Worktrees.fill")(function*(privateGit: PrivateGit, base: BaseTree, entry: string) {
        yield* git.run({
          target: privateGit.over(privateGit.baseIndex),
          args: ["read-tree", "--reset", "-u", base.commit],
          timeout: "10 minutes"
        })
        yield* Effect.all([
          copyIndex(privateGit.baseIndex, `${entry}/index`),
          copyIndex(privateGit.baseIndex, privateGit.baselineIndex)
        ], { concurrency: 2 })
        // A submodule's folder would make git look for a repository inside it, with a configuration of the task's.
        if (base.gitlinks.length > 0) {
          yield* git.run({
            target: privateGit.over(privateGit.baselineIndex),
            args: ["update-index", "-z", "--force-remove", "--stdin"],
            stdin: joinNul(base.gitlinks)
          })
        }
      })

      const acquire: Context.Tag.Service<Worktrees>["acquire"] = Effect.fn("Worktrees.acquire")(
        function*({ base, checkout, excludes, places, repository }) {
          const kept = yield* Ref.make(false)
          const home = `${places.scratch}/home`
          const entry = yield* Effect.acquireRelease(
            Effect.gen(function*() {
              yield* Effect.forEach(
                [path.dirname(places.worktree), tmpdirIn(home)],
                (folder) => fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
              )
              return yield* register(repository, base.commit, places)
            }).pipe(Effect.tapErrorCause(() => discardFolders(places, true))),
            (entry) => release(places, entry, kept)
          )
          const privateGit = yield* makePrivateGit({
            directory: places.gitDir,
            workTree: places.worktree,
            repository,
            excludes
          }).pipe(Effect.provideService(FileSystem.FileSystem, fs))
          if (checkout) yield* fill(privateGit, base, entry)
          return {
            path: places.worktree,
            git: privateGit,
            repository,
            base,
            entry,
            home,
            keep: Ref.set(kept, true)
          }
        },
        (effect, { places }) =>
          Effect.mapError(effect, (error) => new WorktreeFailed({ path: places.worktree, reason: error.message }))
      )

      const settle = Ref.get(entriesToDelete).pipe(
        Effect.map((all) => [...new Set(all.map((one) => one.lock))]),
        Effect.flatMap(Effect.forEach((lock) => locks.withLock(lock)(deleteEntries(lock)), { discard: true })),
        Effect.catchAllCause(tellCleanupFailed),
        Effect.zipRight(trash.settle),
        Effect.withSpan("Worktrees.settle")
      )

      return Worktrees.of({ acquire, settle })
    })
  )
}
