/** What `init` can see of a repository's checkout. */
import * as Effect from "effect/Effect"
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs"
import * as path from "node:path"
import { Git, splitNul } from "../../git/Git.ts"
import type { Repository } from "../../git/Repository.ts"

export interface Checkout {
  /** Whether a file or folder is there, tracked or not. */
  readonly has: (name: string) => boolean
  /** The start of a file, as text; empty where there is none. */
  readonly text: (name: string) => string
  /** Folders of the root that a commit would hold, sorted. */
  readonly folders: ReadonlyArray<string>
  /** Files of the root that a commit would hold, sorted. */
  readonly files: ReadonlyArray<string>
  /** Folders below a folder, by their names. */
  readonly foldersIn: (folder: string) => ReadonlyArray<string>
  /** Whether git leaves it out. */
  readonly isIgnored: (name: string) => boolean
}

/** Bytes of one file that are looked at. */
const maxBytes = 1024 * 1024

const startOf = (file: string): string => {
  try {
    const descriptor = openSync(file, "r")
    try {
      const bytes = Buffer.alloc(Math.min(maxBytes, statSync(file).size))
      return bytes.subarray(0, readSync(descriptor, bytes)).toString("utf8").replace(/^\uFEFF/, "")
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return ""
  }
}

const foldersBelow = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()
    : []

/** Folders that hold what a project depends on, as their tools name them. */
export const dependencyFolders = ["node_modules", ".venv", "venv", "vendor"]

/** Looks at a checkout; `workspaces` may have dependency folders of their own. */
export const lookAt = Effect.fn("init.lookAt")(function*({ root, target }: Repository) {
  const git = yield* Git
  const listed = yield* git.run({
    target,
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
  })
  const paths = splitNul(listed.stdout)
  const at = (name: string) => path.join(root, name)
  const below = foldersBelow(root).flatMap((folder) => [
    folder,
    ...(folder.startsWith(".") || folder === "node_modules"
      ? []
      : foldersBelow(at(folder)).flatMap((inner) => [`${folder}/${inner}`, `${folder}/${inner}/node_modules`]))
  ])
  const candidates = below.filter((folder) =>
    dependencyFolders.includes(path.basename(folder)) && existsSync(at(folder))
  )
  const ignored = candidates.length === 0 ? [] : splitNul(
    (yield* git.run({
      target,
      args: ["check-ignore", "-z", "--stdin"],
      stdin: Buffer.from(candidates.join("\0")),
      accept: [0, 1]
    })).stdout
  )
  const firsts = (isFolder: boolean) =>
    [
      ...new Set(paths.flatMap((name) => name.includes("/") === isFolder ? name.split("/").slice(0, 1) : []))
    ].sort()
  const checkout: Checkout = {
    has: (name) => existsSync(at(name)),
    text: (name) => startOf(at(name)),
    folders: firsts(true),
    files: firsts(false),
    foldersIn: (folder) => foldersBelow(at(folder)),
    isIgnored: (name) => ignored.includes(name)
  }
  return checkout
})
