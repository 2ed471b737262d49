/** What a worktree holds and what a capture stored of it, in one form that can be compared. */
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { type GitRepo, plainGit } from "./GitRepo.ts"

/** `mode id` by path, as in git's trees. */
export type Tree = Readonly<Record<string, string>>

const sorted = (entries: ReadonlyArray<readonly [string, string]>): Tree =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))

const blobId = (content: Uint8Array): string =>
  createHash("sha1").update(`blob ${content.byteLength}\0`).update(content).digest("hex")

/** The files of a folder as git would store their bytes; computed without git, `.git` left out. */
export const treeOnDisk = (root: string): Tree =>
  sorted(
    Fs.readdirSync(root, { recursive: true, withFileTypes: true }).flatMap(
      (entry): ReadonlyArray<readonly [string, string]> => {
        const path = Path.join(entry.parentPath, entry.name)
        const name = Path.relative(root, path)
        if (/(^|\/)\.git(\/|$)/.test(name)) return []
        if (entry.isSymbolicLink()) return [[name, `120000 ${blobId(Buffer.from(Fs.readlinkSync(path)))}`]]
        if (!entry.isFile()) return []
        const mode = (Fs.statSync(path).mode & 0o100) === 0 ? "100644" : "100755"
        return [[name, `${mode} ${blobId(Fs.readFileSync(path))}`]]
      }
    )
  )

/** The files of a commit or tree in a repository. */
export const treeOf = (repo: GitRepo, treeish: string): Tree =>
  sorted(
    repo.git("ls-tree", "-r", "-z", "--full-tree", treeish).split("\0").filter((line) => line !== "").map((line) => {
      const tab = line.indexOf("\t")
      const [mode, , id] = line.slice(0, tab).split(" ")
      return [line.slice(tab + 1), `${mode} ${id}`] as const
    })
  )

/** A tree without some of its paths. */
export const without = (tree: Tree, gone: (path: string) => boolean): Tree =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !gone(path)))

/** The tree's id that a patch makes of a commit, in a fresh clone. */
export const treeAfterPatch = (repo: GitRepo, commit: string, patchPath: string): string => {
  const clone = Fs.mkdtempSync(`${repo.home}/clone-`)
  plainGit(repo.home, repo.env, "clone", "-q", "--no-checkout", repo.root, clone)
  plainGit(clone, repo.env, "checkout", "-q", "--detach", commit)
  plainGit(clone, repo.env, "apply", "--index", "--binary", "--whitespace=nowarn", patchPath)
  const tree = plainGit(clone, repo.env, "write-tree")
  Fs.rmSync(clone, { recursive: true })
  return tree
}
