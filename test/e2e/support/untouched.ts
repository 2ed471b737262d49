/** What a run may leave behind, looked for on disk and among the processes: nothing but refs, objects and its record. */
import { assert } from "@effect/vitest"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { GitRepo } from "../../support/GitRepo.ts"

/** Everything below a test's folder before a run. */
export interface Snapshot {
  /** Mode and content of each file by its path, but for the state, the object store and the runner's own refs. */
  readonly files: Readonly<Record<string, string>>
  readonly refs: string
  readonly worktrees: string
}

export const stateOf = (repo: GitRepo): string => `${repo.home}/state/codex-runner`
export const tmpOf = (repo: GitRepo): string => `${repo.home}/tmp`

export const snapshot = (repo: GitRepo): Snapshot => {
  const git = repo.git("rev-parse", "--path-format=absolute", "--git-common-dir")
  const passedOver = [`${repo.home}/state`, tmpOf(repo), `${git}/objects`, `${git}/refs/codex-runner`]
  return {
    files: Object.fromEntries(list(repo.home, passedOver).map((path) => [path, describe(path)])),
    refs: repo.git("for-each-ref").split("\n").filter((line) => !line.includes("\trefs/codex-runner/")).join("\n"),
    worktrees: repo.git("worktree", "list", "--porcelain")
  }
}

/** Files and links, no folders: git leaves an empty one here and there. */
const list = (folder: string, passedOver: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  Fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = Path.join(folder, entry.name)
    if (passedOver.includes(path)) return []
    return entry.isDirectory() ? list(path, passedOver) : [path]
  })

const describe = (path: string): string => {
  const stats = Fs.lstatSync(path)
  const content = stats.isSymbolicLink()
    ? Fs.readlinkSync(path)
    : stats.isFile()
    ? createHash("sha256").update(Fs.readFileSync(path)).digest("hex")
    : "special"
  return `${stats.mode.toString(8)} ${content}`
}

/** Everything is as it was, the runner's refs and its record apart. */
export const assertUntouched = (repo: GitRepo, before: Snapshot, keepsWorktrees = false): void => {
  const after = snapshot(repo)
  const ours = (path: string) => keepsWorktrees && path.includes("/.git/worktrees/")
  assert.deepStrictEqual(changes(before, after).filter((path) => !ours(path)), [], "changed, added or removed")
  assert.strictEqual(after.refs, before.refs)
  repo.git("fsck", "--strict", "--no-dangling", "--no-progress")
  assert.deepStrictEqual(processesOf(repo.home), [], "processes left")
  const kept = (path: string) => keepsWorktrees && /^[^/]+\/worktrees\//.test(path)
  assert.deepStrictEqual(leftovers(repo).filter((path) => !kept(path)), [], "left in the state folder")
  if (!keepsWorktrees) assert.strictEqual(after.worktrees, before.worktrees)
}

const changes = (before: Snapshot, after: Snapshot): ReadonlyArray<string> =>
  [...new Set([...Object.keys(before.files), ...Object.keys(after.files)])].filter((path) =>
    before.files[path] !== after.files[path]
  )

/** What a run must have removed from the state folder and the temp folder by its end. */
const leftovers = (repo: GitRepo): ReadonlyArray<string> => {
  const state = stateOf(repo)
  const temporary = list(tmpOf(repo))
  if (!Fs.existsSync(state)) return temporary
  // What all tests share of proofs is made by others, too, at the same time.
  const own = Fs.readdirSync(state).filter((name) => !Fs.lstatSync(`${state}/${name}`).isSymbolicLink())
  const entries = own.flatMap((name) =>
    Fs.statSync(`${state}/${name}`).isDirectory()
      // With their types: without, Node follows links.
      ? Fs.readdirSync(`${state}/${name}`, { recursive: true, withFileTypes: true })
        .map((entry) => Path.relative(state, Path.join(entry.parentPath, entry.name)))
      : [name]
  )
  return [
    ...temporary,
    ...entries.filter((path) =>
      /^[^/]+\/((worktrees|git|scratch|trash)\/.|reviews$)/.test(path) || /\/codex-home$|\.draft$/.test(path)
    )
  ]
}

export interface LiveProcess {
  readonly pid: number
  readonly program: string
  readonly environment: ReadonlyArray<string>
}

/** Processes whose working folder or environment names a folder. */
export const processesOf = (folder: string): ReadonlyArray<LiveProcess> =>
  (Fs.existsSync("/proc") ? Fs.readdirSync("/proc") : []).flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    try {
      const environment = Fs.readFileSync(`/proc/${name}/environ`, "utf8").split("\0")
      const isOurs = Fs.readlinkSync(`/proc/${name}/cwd`).includes(folder) ||
        environment.some((entry) => entry.includes(folder))
      return isOurs ? [{ pid, program: Fs.readlinkSync(`/proc/${name}/exe`), environment }] : []
    } catch {
      // Gone meanwhile, or a zombie.
      return []
    }
  })
