/**
 * Throw-away folders and git repositories for tests. They lie outside the temp
 * folders, which Codex's sandbox lets every command write to, and go with the
 * scope, whatever a test left in them.
 *
 *     it.scoped("...", () => Effect.gen(function*() {
 *       const repo = yield* gitRepo({ files: { "src/a.ts": "export {}\n" } })
 *       const base = repo.head()
 *       repo.write({ "src/a.ts": "changed\n" })
 *       assert.strictEqual(repo.git("status", "--porcelain"), " M src/a.ts")
 *     }))
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

/** Content by path: a text or bytes, or how the entry is otherwise made. */
export type Files = Readonly<
  Record<string, string | Uint8Array | { readonly link: string } | { readonly exec: string }>
>

export interface GitRepo {
  /** The folder around everything of this test: HOME, the state folder and the checkout lie in it. */
  readonly home: string
  /** The checkout's root, absolute, symlinks resolved. */
  readonly root: string
  /** An environment without anything of the user's: PATH, HOME, XDG_STATE_HOME and git's identity. */
  readonly env: Readonly<Record<string, string>>
  /** Plain git in the checkout, as a user types it. Gives its output without the newline at the end; throws unless it exits 0. */
  readonly git: (...args: ReadonlyArray<string>) => string
  /** Writes files into the checkout, folders included. */
  readonly write: (files: Files) => void
  readonly read: (path: string) => string
  /** Writes files, commits everything, gives the commit's id. */
  readonly commit: (files?: Files, message?: string) => string
  readonly head: () => string
}

/** Undoes what a test does to folders that are to be deleted: `rm` alone stops at `chmod 000`. */
const removeAll = (folder: string) => {
  spawnSync("chmod", ["-R", "u+rwX", "--", folder])
  Fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** An empty folder, its path absolute with symlinks resolved. */
export const scratchFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const parent = Path.join(Os.homedir(), ".cache", "codex-runner-test")
    Fs.mkdirSync(parent, { recursive: true })
    return Fs.realpathSync(Fs.mkdtempSync(`${parent}/`))
  }),
  (folder) => Effect.sync(() => removeAll(folder))
)

/** Writes files below a folder; what was there under a name goes first, so that no link is followed. */
export const writeFiles = (root: string, files: Files): void => {
  for (const [name, content] of Object.entries(files)) {
    const path = Path.join(root, name)
    Fs.mkdirSync(Path.dirname(path), { recursive: true })
    if (typeof content === "string" || content instanceof Uint8Array) {
      Fs.writeFileSync(path, content)
      continue
    }
    Fs.rmSync(path, { recursive: true, force: true })
    if ("link" in content) Fs.symlinkSync(content.link, path)
    else Fs.writeFileSync(path, content.exec, { mode: 0o755 })
  }
}

/** Plain git in a folder: nothing is hardened, everything in the repository counts. Throws unless it exits 0. */
export const plainGit = (
  cwd: string,
  env: Readonly<Record<string, string>>,
  ...args: ReadonlyArray<string>
): string => {
  const end = spawnSync("git", args, {
    cwd,
    env,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"]
  })
  if (end.status !== 0) throw new Error(`git ${args.join(" ")} in ${cwd}: exit ${end.status}: ${end.stderr}`)
  return end.stdout.replace(/\n$/, "")
}

/** An environment for programs under test, with a home of its own and nothing of the user's. */
export const cleanEnv = (home: string): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  HOME: home,
  XDG_STATE_HOME: `${home}/state`,
  LC_ALL: "C.UTF-8",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.invalid",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.invalid"
})

/** A repository with one commit. `name` is the checkout's folder; it may hold anything that a path may. */
export const gitRepo = (options: {
  readonly files?: Files
  readonly name?: string
  readonly objectFormat?: "sha1" | "sha256"
} = {}): Effect.Effect<GitRepo, never, Scope.Scope> =>
  Effect.map(scratchFolder, (home) => {
    const root = Path.join(home, options.name ?? "repo")
    const env = cleanEnv(home)
    Fs.mkdirSync(root, { recursive: true })
    plainGit(root, env, "init", "-q", "-b", "main", `--object-format=${options.objectFormat ?? "sha1"}`)
    const repo = repoAt(home, root)
    repo.commit(options.files ?? { "README.md": "hello\n" }, "base")
    return repo
  })

/** The helpers over a checkout that is already there: a clone, a linked worktree. */
export const repoAt = (home: string, root: string): GitRepo => {
  const env = cleanEnv(home)
  const git = (...args: ReadonlyArray<string>) => plainGit(root, env, ...args)
  const head = () => git("rev-parse", "HEAD")
  return {
    home,
    root,
    env,
    git,
    head,
    write: (files) => writeFiles(root, files),
    read: (path) => Fs.readFileSync(Path.join(root, path), "utf8"),
    commit: (files = {}, message = "change") => {
      writeFiles(root, files)
      git("add", "-A")
      git("commit", "-q", "--allow-empty", "-m", message)
      return head()
    }
  }
}
