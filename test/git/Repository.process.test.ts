import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { Git, GitFailed } from "../../src/git/Git.ts"
import { discover, readBaseTree, readConfiguration, resolveCommit } from "../../src/git/Repository.ts"
import { gitRepo, plainGit, repoAt, scratchFolder } from "../support/GitRepo.ts"
import { stages } from "../support/stages.ts"

describe("discover", () => {
  it.scoped("finds the repository from its root and from a subfolder, through a symlink too", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "a/b/c.txt": "c\n" } })
      Fs.symlinkSync(`${repo.root}/a`, `${repo.home}/link`)
      for (const folder of [repo.root, `${repo.root}/a/b`, `${repo.home}/link/b`]) {
        const found = yield* Effect.provide(discover(folder), stages(repo))
        assert.deepStrictEqual(found, {
          root: repo.root,
          commonDir: `${repo.root}/.git`,
          objects: `${repo.root}/.git/objects`,
          objectFormat: "sha1",
          target: { _tag: "Repository", directory: repo.root }
        })
      }
    }))

  it.scoped("finds the shared parts from a linked worktree, whose root is its own", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      repo.git("worktree", "add", "-q", "--detach", "../linked")
      const found = yield* Effect.provide(discover(`${repo.home}/linked`), stages(repo))
      assert.deepStrictEqual([found.root, found.commonDir, found.objects], [
        `${repo.home}/linked`,
        `${repo.root}/.git`,
        `${repo.root}/.git/objects`
      ])
    }))

  it.effect("says what to do where git doesn't trust its owner", () =>
    Effect.gen(function*() {
      const reason =
        "To add an exception for this directory, call:; ; \tgit config --global --add safe.directory '/a b'"
      const failed = new GitFailed({ command: "rev-parse", exitCode: 128, reason })
      const git = Git.of({ run: () => Effect.fail(failed), text: () => Effect.fail(failed) })
      const error = yield* Effect.flip(Effect.provideService(discover("/a b"), Git, git))
      assert.match(
        error.message,
        /: it belongs to another user\. If you trust .* git config --global --add safe\.directory '\/a b'$/
      )
    }))

  for (const name of ["with spaces", "ünïcode-名前", "-leading dash", "quo'te\"s $HOME `x` *"]) {
    it.scoped(`takes a path as it is: ${name}`, () =>
      Effect.gen(function*() {
        const repo = yield* gitRepo({ name })
        const found = yield* Effect.provide(discover(repo.root), stages(repo))
        assert.strictEqual(found.root, repo.root)
      }))
  }

  it.scoped("knows a repository with SHA-256 ids", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ objectFormat: "sha256" })
      yield* Effect.gen(function*() {
        const found = yield* discover(repo.root)
        assert.strictEqual(found.objectFormat, "sha256")
        assert.strictEqual(yield* resolveCommit(found, "HEAD"), repo.head())
        assert.lengthOf(repo.head(), 64)
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scoped("looks where it is told to, whatever git variables the runner inherited", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const other = yield* gitRepo()
      const env = {
        ...repo.env,
        GIT_DIR: `${other.root}/.git`,
        GIT_WORK_TREE: other.root,
        GIT_INDEX_FILE: `${other.root}/.git/index`,
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "core.worktree",
        GIT_CONFIG_VALUE_0: other.root
      }
      const found = yield* Effect.provide(discover(repo.root), stages(repo, env))
      assert.strictEqual(found.root, repo.root)
    }))

  it.scoped("says what is wrong with a bare repository, a folder in no repository, a missing folder", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const elsewhere = yield* scratchFolder
      repo.git("clone", "-q", "--bare", ".", `${repo.home}/bare.git`)
      repo.git("clone", "-q", "--bare", ".", `${repo.home}/bare in a name.git`)
      const messageFor = (folder: string) =>
        discover(folder).pipe(Effect.flip, Effect.map((error) => error.message), Effect.provide(stages(repo)))
      const bare = yield* messageFor(`${repo.home}/bare.git`)
      assert.include(bare, `${repo.home}/bare.git is no git repository with a checkout`)
      assert.include(yield* messageFor(`${repo.root}/.git`), "is no git repository with a checkout")
      assert.include(yield* messageFor(elsewhere), "not a git repository")
      assert.include(yield* messageFor(`${elsewhere}/missing`), `${elsewhere}/missing does not exist`)
    }))
})

describe("resolveCommit", () => {
  it.scoped("gives the commit that a revision names, and undefined for what names none", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "a.txt": "a\n" } })
      const first = repo.head()
      repo.git("tag", "light")
      repo.git("tag", "-a", "-m", "annotated", "v1")
      repo.git("branch", "feature/x")
      const second = repo.commit({ "a.txt": "b\n" })
      const blob = repo.git("rev-parse", "HEAD:a.txt")
      yield* Effect.gen(function*() {
        const repository = yield* discover(repo.root)
        for (const revision of ["light", "v1", "refs/tags/v1", "feature/x", "HEAD~1", first, first.slice(0, 12)]) {
          assert.strictEqual(yield* resolveCommit(repository, revision), first, revision)
        }
        assert.strictEqual(yield* resolveCommit(repository, "HEAD"), second)
        const none = [
          "missing",
          "HEAD~9",
          "--help",
          "--git-dir",
          "-x",
          "HEAD^{tree}",
          "HEAD:a.txt",
          blob,
          "",
          " ",
          "HEAD HEAD~1",
          "HEAD..HEAD~1",
          "^HEAD",
          "a\0b",
          "a\nb",
          "$(id)",
          "f".repeat(40),
          "x".repeat(10_000)
        ]
        for (const revision of none) {
          assert.isUndefined(yield* resolveCommit(repository, revision), JSON.stringify(revision).slice(0, 40))
        }
      }).pipe(Effect.provide(stages(repo)))
    }))

  it.scoped("finds none in a repository without a commit", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      const repo = repoAt(home, home)
      repo.git("init", "-q")
      const commit = yield* Effect.provide(
        Effect.flatMap(discover(home), (repository) => resolveCommit(repository, "HEAD")),
        stages(repo)
      )
      assert.isUndefined(commit)
    }))

  it.scoped("takes a commit for what it is, whatever replaces it", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: { "a.txt": "a\n" } })
      const first = repo.head()
      const second = repo.commit({ "b.txt": "b\n" })
      repo.git("replace", first, second)
      yield* Effect.gen(function*() {
        const tree = yield* readBaseTree(yield* discover(repo.root), first)
        assert.strictEqual(tree.files, 1)
      }).pipe(Effect.provide(stages(repo)))
    }))
})

describe("readBaseTree", () => {
  it.scoped("knows submodules, ignore and attribute files, and every path without its case", () =>
    Effect.gen(function*() {
      const inner = yield* gitRepo({ files: { "inner.txt": "inner\n" } })
      const repo = yield* gitRepo({
        files: {
          ".gitignore": "node_modules/\n",
          "Src/.gitignore": "*.log\n",
          "Src/.gitattributes": "* text=auto\n",
          "Src/A b\tc\n\"d\".ts": "odd\n",
          "not.gitignore": "no ignore file\n",
          "döc/readme": "x\n"
        }
      })
      plainGit(
        repo.root,
        repo.env,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        inner.root,
        "lib/inner"
      )
      const commit = repo.commit()
      const tree = yield* Effect.provide(
        Effect.flatMap(discover(repo.root), (repository) => readBaseTree(repository, commit)),
        stages(repo)
      )
      assert.deepStrictEqual(
        { ...tree, foldedPaths: [...tree.foldedPaths].sort(([a], [b]) => (a < b ? -1 : 1)) },
        {
          commit,
          files: 8,
          gitlinks: ["lib/inner"],
          ignoreFiles: new Map([
            [".gitignore", repo.git("rev-parse", "HEAD:.gitignore")],
            ["Src/.gitignore", repo.git("rev-parse", "HEAD:Src/.gitignore")]
          ]),
          attributeFiles: ["Src/.gitattributes"],
          foldedPaths: [
            [".gitignore", ".gitignore"],
            [".gitmodules", ".gitmodules"],
            ["döc", "döc"],
            ["döc/readme", "döc/readme"],
            ["lib", "lib"],
            ["lib/inner", "lib/inner"],
            ["not.gitignore", "not.gitignore"],
            ["src", "Src"],
            ["src/.gitattributes", "Src/.gitattributes"],
            ["src/.gitignore", "Src/.gitignore"],
            ["src/a b\tc\n\"d\".ts", "Src/A b\tc\n\"d\".ts"]
          ].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))
        }
      )
    }))
})

describe("readConfiguration", () => {
  it.scoped("reads values with newlines and keys without a value", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      Fs.appendFileSync(`${repo.root}/.git/config`, "[Some \"Sub\"]\n\tbare\n\ttext = \"a\\nb = c\"\n")
      const configuration = yield* Effect.provide(Effect.flatMap(discover(repo.root), readConfiguration), stages(repo))
      assert.strictEqual(configuration.get("some.sub.text"), "a\nb = c")
      assert.strictEqual(configuration.get("some.sub.bare"), "true")
      assert.strictEqual(configuration.get("core.bare"), "false")
    }))
})
