/**
 * A git folder for trees that may never be: what is made there is stored
 * beside the user's objects, reads from them, and goes with the scope. No
 * configuration, hook or attribute of the repository or of a task counts in it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { existsSync, rmSync } from "node:fs"
import { rmdir } from "node:fs/promises"
import * as path from "node:path"
import { Git, type PrivateTarget } from "../git/Git.ts"
import type { Repository } from "../git/Repository.ts"
import { namesIn } from "../process/namesIn.ts"
import { isLeftBehind, ownMark } from "../store/ownMark.ts"
import type { Layout } from "../store/stateFolder.ts"
import { makePrivateGit } from "../worktree/PrivateGit.ts"

export interface Quarantine {
  readonly folder: string
  /** git over an index of the name, in an empty folder. */
  readonly over: (index: string) => PrivateTarget
  /** What a call answers with, without the newline at its end. */
  readonly text: (...args: ReadonlyArray<string>) => Effect.Effect<string, QuarantineError>
}

type QuarantineError = Effect.Effect.Error<ReturnType<Git["Type"]["run"]>>

const quarantinesOf = (layout: Layout): string => path.join(layout.root, "quarantine")

/** Removes what processes left behind that are no more. */
export const sweepQuarantines = (layout: Layout): Effect.Effect<void> =>
  Effect.ignoreLogged(Effect.try(() => {
    const parent = quarantinesOf(layout)
    for (const name of namesIn(parent)) {
      const folder = path.join(parent, name)
      if (isLeftBehind(folder, name)) rmSync(folder, { recursive: true, force: true })
    }
  }))

/** Makes the folder; it goes with the scope, and with it all that was not {@link publish}ed. */
export const openQuarantine = Effect.fn("quarantine.open")(function*(repository: Repository, layout: Layout) {
  const fs = yield* FileSystem.FileSystem
  const git = yield* Git
  yield* sweepQuarantines(layout)
  const parent = quarantinesOf(layout)
  const folder = path.join(parent, `${ownMark()}-${randomBytes(4).toString("hex")}`)
  yield* Effect.acquireRelease(
    fs.makeDirectory(folder, { recursive: true, mode: 0o700 }),
    () =>
      Effect.zipRight(
        Effect.ignoreLogged(fs.remove(folder, { recursive: true, force: true })),
        // Others may be at work in theirs.
        Effect.ignore(Effect.tryPromise(() => rmdir(parent)))
      )
  )
  const objects = `${folder}/objects`
  const workTree = `${folder}/empty`
  yield* fs.makeDirectory(workTree, { mode: 0o700 })
  yield* fs.makeDirectory(`${objects}/info`, { recursive: true, mode: 0o700 })
  yield* fs.writeFileString(`${objects}/info/alternates`, `${repository.objects}\n`)
  const privateGit = yield* makePrivateGit({
    directory: `${folder}/git`,
    workTree,
    repository: { ...repository, objects },
    excludes: ""
  })
  // Where the history of a shallow clone ends, by its own word: else git takes it for broken.
  const shallow = path.join(repository.commonDir, "shallow")
  if (existsSync(shallow)) yield* fs.copyFile(shallow, `${folder}/git/shallow`)
  const over = (index: string) => privateGit.over(`${folder}/git/${index}`)
  return {
    folder,
    over,
    text: (...args) => git.text({ target: over("index"), args, timeout: "5 minutes" })
  } satisfies Quarantine
})

/** Packed, and passed on by way of memory. */
const maxPublishedBytes = 256 * 1024 * 1024

/** Gives the user's repository those of these objects that it lacks. */
export const publish = Effect.fn("quarantine.publish")(
  function*(quarantine: Quarantine, repository: Repository, ids: Iterable<string>) {
    const git = yield* Git
    const made = (id: string) => existsSync(`${quarantine.folder}/objects/${id.slice(0, 2)}/${id.slice(2)}`)
    const own = [...new Set(ids)].filter(made)
    if (own.length === 0) return
    const pack = yield* git.run({
      target: quarantine.over("index"),
      args: ["pack-objects", "--stdout", "-q"],
      stdin: new TextEncoder().encode(own.map((id) => `${id}\n`).join("")),
      maxOutputBytes: maxPublishedBytes,
      timeout: "5 minutes"
    })
    yield* git.run({
      target: repository.target,
      args: ["unpack-objects", "-q"],
      stdin: pack.stdout,
      timeout: "5 minutes"
    })
  }
)
