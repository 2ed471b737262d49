/**
 * What a hostile task can leave in its worktree, or in the repository's shared
 * parts should it get there. Each attack is shown to bite plain git first; then
 * the capture must run nothing of it, end, and take or report what is there.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Changes } from "../../src/patch/Patches.ts"
import type { Worktree } from "../../src/worktree/Worktrees.ts"
import { type Files, type GitRepo, gitRepo, plainGit, writeFiles } from "../support/GitRepo.ts"
import { acquireWorktree, captureChanges, stages, testRef } from "../support/stages.ts"

interface Scene {
  readonly repo: GitRepo
  readonly worktree: Worktree
  /** The worktree's folder. */
  readonly root: string
  /** A program that leaves a trace. */
  readonly evil: string
  /** Whether it ran. */
  readonly executed: () => boolean
  /** Plain git in the worktree; gives what it printed and how it ended, within 3 s. */
  readonly git: (...args: ReadonlyArray<string>) => {
    readonly stdout: string
    readonly stderr: string
    readonly code: number | null
    readonly hangs: boolean
  }
}

interface Attack {
  readonly base?: Files
  /** What is done to the user's repository before the task. */
  readonly prepare?: (repo: GitRepo) => void
  readonly plant: (scene: Scene) => void
  /** What an unhardened runner would do; true where the attack works. */
  readonly bites: (scene: Scene) => boolean
  /** Further things that must hold of the capture. */
  readonly holds?: (changes: Changes, scene: Scene) => void
  /** `status path` of each change that must be captured. */
  readonly files?: ReadonlyArray<string>
  readonly violations?: ReadonlyArray<string>
  readonly incomplete?: ReadonlyArray<string>
}

const base = { "src/a.ts": "one\n", "src/b.ts": "two\n", ".gitignore": "node_modules/\n" }

const attack = (name: string, { base: files = base, bites, holds, plant, prepare, ...expected }: Attack) =>
  it.scopedLive(name, () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files })
      prepare?.(repo)
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        const evil = `${repo.home}/evil.sh`
        const trace = `${repo.home}/executed`
        writeFiles(repo.home, { "evil.sh": { exec: `#!/bin/sh\ntouch ${trace}\ncat 2>/dev/null\n` } })
        const scene: Scene = {
          repo,
          worktree,
          root: worktree.path,
          evil,
          executed: () => Fs.existsSync(trace),
          git: (...args) => {
            const end = spawnSync("git", args, { cwd: worktree.path, env: repo.env, encoding: "utf8", timeout: 3000 })
            return { stdout: end.stdout, stderr: end.stderr, code: end.status, hangs: end.signal !== null }
          }
        }
        plant(scene)
        assert.isTrue(bites(scene), "the attack works on plain git")
        Fs.rmSync(trace, { force: true })

        const changes = yield* captureChanges(worktree)
        assert.isFalse(scene.executed(), "something planted was executed")
        assert.deepStrictEqual(changes.files.map((file) => `${file.status} ${file.path}`), expected.files ?? [])
        assert.deepStrictEqual(
          changes.violations.map((one) => `${one.kind}: ${one.detail}`).sort(),
          [...(expected.violations ?? [])].sort()
        )
        assert.deepStrictEqual([...changes.incomplete].sort(), [...(expected.incomplete ?? [])].sort())
        holds?.(changes, scene)
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))

const change = (scene: Scene) => writeFiles(scene.root, { "src/a.ts": "changed\n" })

/** Makes a folder a repository whose configuration runs programs. */
const plantRepository = (folder: string, { evil, repo }: Scene, options: { readonly commit: boolean }) => {
  Fs.mkdirSync(folder, { recursive: true })
  plainGit(folder, repo.env, "init", "-q")
  if (options.commit) {
    plainGit(folder, repo.env, "add", "-A")
    plainGit(folder, repo.env, "commit", "-q", "--allow-empty", "-m", "nested")
  }
  for (const key of ["core.fsmonitor", "diff.external", "filter.x.clean", "gpg.program"]) {
    plainGit(folder, repo.env, "config", key, evil)
  }
}

const published = (repo: GitRepo, path: string): string => repo.git("show", `${testRef}:${path}`)

describe("programs that git would run", () => {
  attack("01: a repository of its own in place of the worktree's", {
    plant: (scene) => {
      Fs.rmSync(`${scene.root}/.git`)
      plantRepository(scene.root, scene, { commit: true })
      change(scene)
    },
    bites: ({ executed, git }) => (git("status"), executed()),
    files: ["M src/a.ts"],
    violations: ["nested_repository: a repository of its own at \".git\""],
    incomplete: ["what is in \".git\" is in no patch"]
  })

  attack("02: the worktree's pointer rewritten", {
    plant: (scene) => {
      plantRepository(`${scene.root}/evil`, scene, { commit: false })
      Fs.renameSync(`${scene.root}/evil/.git`, `${scene.root}/evil/git-folder`)
      Fs.writeFileSync(`${scene.root}/.git`, `gitdir: ${scene.root}/evil/git-folder\n`)
      Fs.rmSync(`${scene.root}/evil/git-folder/hooks`, { recursive: true })
    },
    bites: ({ executed, git }) => (git("status"), executed()),
    files: [
      "A evil/git-folder/HEAD",
      "A evil/git-folder/config",
      "A evil/git-folder/description",
      "A evil/git-folder/info/exclude"
    ],
    violations: ["nested_repository: \".git\" no longer leads to git's entry of the worktree"]
  })

  attack("03: filters and text conversion in the shared configuration", {
    plant: (scene) => {
      change(scene)
      writeFiles(scene.root, { ".gitattributes": "* filter=x diff=x merge=x\n", "new.ts": "new\n" })
      for (const key of ["filter.x.clean", "filter.x.smudge", "diff.x.textconv", "diff.x.command", "merge.x.driver"]) {
        scene.repo.git("config", key, scene.evil)
      }
    },
    bites: ({ executed, git }) => (git("add", "-A", "-n"), git("diff"), executed()),
    files: ["A .gitattributes", "A new.ts", "M src/a.ts"]
  })

  attack("04: hooks and a monitor in the shared folder", {
    plant: (scene) => {
      change(scene)
      for (const hook of ["post-index-change", "reference-transaction", "pre-commit", "post-commit", "post-checkout"]) {
        scene.repo.write({ [`.git/hooks/${hook}`]: { exec: Fs.readFileSync(scene.evil, "utf8") } })
      }
      scene.repo.git("config", "core.fsmonitor", scene.evil)
    },
    bites: ({ executed, git }) => (git("update-ref", "refs/heads/x", "HEAD"), executed()),
    files: ["M src/a.ts"]
  })

  attack("06: configuration in the folder of a submodule of the base", {
    prepare: (repo) => {
      repo.git("update-index", "--add", "--cacheinfo", `160000,${repo.head()},lib`)
      repo.git("commit", "-q", "-m", "submodule")
      Fs.mkdirSync(`${repo.root}/lib`)
    },
    plant: (scene) => {
      writeFiles(scene.root, { "lib/x": "x" })
      plantRepository(`${scene.root}/lib`, scene, { commit: true })
      change(scene)
    },
    bites: ({ executed, git }) => (git("status"), executed()),
    files: ["M src/a.ts"]
  })

  attack("07: a repository with a commit in a folder", {
    plant: (scene) => {
      writeFiles(scene.root, { "sub/hidden.ts": "hidden\n", "sub/deep/er.ts": "deeper\n" })
      plantRepository(`${scene.root}/sub`, scene, { commit: true })
    },
    bites: ({ git }) => (git("add", "-A"), /^160000 .*\tsub$/m.test(git("ls-files", "-s").stdout)),
    files: ["A sub/deep/er.ts", "A sub/hidden.ts"],
    violations: ["nested_repository: a repository of its own at \"sub/.git\""],
    incomplete: ["what is in \"sub/.git\" is in no patch"]
  })

  attack("07: a repository without a commit in a folder", {
    plant: (scene) => {
      writeFiles(scene.root, { "sub/hidden.ts": "hidden\n" })
      plantRepository(`${scene.root}/sub`, scene, { commit: false })
      change(scene)
    },
    bites: ({ git }) => git("add", "-A").code === 128,
    files: ["M src/a.ts", "A sub/hidden.ts"],
    violations: ["nested_repository: a repository of its own at \"sub/.git\""],
    incomplete: ["what is in \"sub/.git\" is in no patch"]
  })

  attack("17: git's entry of the worktree led to another repository", {
    plant: (scene) => {
      change(scene)
      plantRepository(`${scene.repo.home}/evil`, scene, { commit: true })
      Fs.writeFileSync(`${scene.worktree.entry}/commondir`, `${scene.repo.home}/evil/.git\n`)
    },
    bites: ({ executed, git }) => (git("status"), executed()),
    files: ["M src/a.ts"]
  })

  attack("18: a bare repository among the files", {
    plant: (scene) => {
      plainGit(scene.root, scene.repo.env, "init", "-q", "--bare", "bare")
      Fs.appendFileSync(`${scene.root}/bare/config`, `\tfsmonitor = ${scene.evil}\n\tworktree = ${scene.root}\n`)
      for (const folder of ["hooks", "info"]) Fs.rmSync(`${scene.root}/bare/${folder}`, { recursive: true })
      Fs.writeFileSync(
        `${scene.root}/bare/config`,
        Fs.readFileSync(`${scene.root}/bare/config`, "utf8").replace("bare = true", "bare = false")
      )
    },
    bites: ({ executed, git }) => (git("-C", "bare", "status"), executed()),
    files: ["A bare/HEAD", "A bare/config", "A bare/description"]
  })
})

describe("changes that git would not see", () => {
  attack("08: bits in the index that hide an edit", {
    plant: (scene) => {
      scene.git("update-index", "--assume-unchanged", "src/a.ts")
      scene.git("update-index", "--skip-worktree", "src/b.ts")
      writeFiles(scene.root, { "src/a.ts": "evil\n", "src/b.ts": "evil\n" })
    },
    bites: ({ git }) => git("diff", "HEAD").stdout === "" && git("status", "--porcelain").stdout === "",
    files: ["M src/a.ts", "M src/b.ts"]
  })

  attack("11: a rename, whose source is not in a list of names", {
    plant: ({ root }) => Fs.renameSync(`${root}/src/a.ts`, `${root}/src/c\nd.ts`),
    bites: ({ git }) => (git("add", "-A"), !git("diff", "--cached", "--name-only", "-M").stdout.includes("src/a.ts")),
    files: ["D src/a.ts", "A src/c\nd.ts"]
  })

  attack("14: another commit in place of the base", {
    plant: (scene) => {
      change(scene)
      scene.git("add", "-A")
      scene.git("commit", "-q", "-m", "evil")
      scene.repo.git("replace", scene.worktree.base.commit, scene.git("rev-parse", "HEAD").stdout.trim())
    },
    bites: ({ git, worktree }) => git("diff", worktree.base.commit).stdout === "",
    files: ["M src/a.ts"],
    holds: (_, { repo, worktree }) =>
      assert.strictEqual(repo.git("--no-replace-objects", "rev-parse", `${testRef}^`), worktree.base.commit)
  })

  attack("16: a folder moved away, a link to it in its place", {
    plant: ({ root }) => {
      Fs.renameSync(`${root}/src`, `${root}/moved`)
      Fs.symlinkSync("moved", `${root}/src`)
    },
    bites: ({ root }) => Fs.lstatSync(`${root}/src/a.ts`).isFile(),
    files: ["A moved/a.ts", "A moved/b.ts", "A src", "D src/a.ts", "D src/b.ts"]
  })

  attack("22: attributes that hide a text, or make it unreadable", {
    plant: (scene) => {
      change(scene)
      writeFiles(scene.root, {
        ".gitattributes": "*.ts -diff\n*.txt working-tree-encoding=UTF-16\n",
        "odd.txt": "odd\n"
      })
    },
    bites: ({ git }) => /Binary files/.test(git("diff").stdout) && git("add", "odd.txt").code !== 0,
    files: ["A .gitattributes", "A odd.txt", "M src/a.ts"],
    holds: (changes) => {
      const patch = Fs.readFileSync(changes.patch?.path ?? "", "utf8")
      assert.include(patch, "-one\n+changed\n")
      assert.include(patch, "+odd\n")
    }
  })

  attack("23: an edit of the same size under the same time", {
    plant: (scene) => {
      scene.repo.git("config", "core.trustctime", "false")
      const path = `${scene.root}/src/a.ts`
      const { atime, mtime } = Fs.statSync(path)
      const past = new Date(mtime.getTime() - 60_000)
      Fs.utimesSync(path, past, past)
      scene.git("update-index", "--refresh")
      Fs.writeFileSync(path, "ONE\n")
      Fs.utimesSync(path, atime, past)
    },
    bites: ({ git }) => git("status", "--porcelain").stdout === "",
    files: ["M src/a.ts"]
  })
})

describe("names and kinds of files", () => {
  attack("10: a link to a secret", {
    plant: ({ repo, root }) => {
      Fs.writeFileSync(`${repo.home}/secret`, "s3cret")
      Fs.rmSync(`${root}/src/a.ts`)
      Fs.symlinkSync(`${repo.home}/secret`, `${root}/src/a.ts`)
    },
    bites: ({ root }) => Fs.readFileSync(`${root}/src/a.ts`, "utf8") === "s3cret",
    files: ["T src/a.ts"],
    holds: (changes, { repo }) => {
      assert.strictEqual(published(repo, "src/a.ts"), `${repo.home}/secret`)
      assert.deepStrictEqual([...changes.links], [["src/a.ts", `${repo.home}/secret`]])
    }
  })

  for (const name of [".gitignore", ".gitattributes", "src/.gitignore"]) {
    attack(`12: a pipe in place of ${name}`, {
      plant: (scene) => {
        change(scene)
        // With an ignore file of the task's own, git is asked what it hides.
        writeFiles(scene.root, { "src/new.ts": "new\n", "src/deep/.gitignore": "*.tmp\n" })
        Fs.rmSync(`${scene.root}/${name}`, { force: true })
        assert.strictEqual(spawnSync("mkfifo", [`${scene.root}/${name}`]).status, 0)
      },
      bites: ({ git }) => git("status").hangs || git("add", "-A").hangs,
      files: [
        ...(name === ".gitignore" ? ["D .gitignore"] : []),
        "M src/a.ts",
        "A src/deep/.gitignore",
        "A src/new.ts"
      ],
      violations: [`special_file: "${name}" was a pipe, socket or device`]
    })
  }

  attack("12: a pipe within a planted repository", {
    plant: (scene) => {
      change(scene)
      writeFiles(scene.root, { "sub/x.ts": "x\n" })
      plantRepository(`${scene.root}/sub`, scene, { commit: false })
      Fs.rmSync(`${scene.root}/sub/.git/HEAD`)
      assert.strictEqual(spawnSync("mkfifo", [`${scene.root}/sub/.git/HEAD`]).status, 0)
    },
    bites: ({ git }) => git("status").hangs,
    files: ["M src/a.ts", "A sub/x.ts"],
    violations: ["nested_repository: a repository of its own at \"sub/.git\""],
    incomplete: ["what is in \"sub/.git\" is in no patch"]
  })

  attack("15: names that other systems take for .git", {
    plant: (scene) => {
      change(scene)
      writeFiles(scene.root, {
        ".GIT/config": "evil",
        "sub/.Git/config": "evil",
        ".g\u200cit/config": "hfs",
        "git~1/config": "ntfs",
        "a\\b": "backslash"
      })
    },
    bites: ({ git }) => git("add", "-A").code === 128,
    files: ["A a\\b", "M src/a.ts"],
    violations: [
      "name_collision: git refuses the name \".g\u200cit/config\"",
      "name_collision: git refuses the name \"git~1/config\"",
      "nested_repository: a repository of its own at \".GIT\"",
      "nested_repository: a repository of its own at \"sub/.Git\""
    ],
    incomplete: [
      "what is in \".GIT\" is in no patch",
      "what is in \"sub/.Git\" is in no patch",
      "git refuses the name \"git~1/config\"",
      "git refuses the name \".g\u200cit/config\""
    ]
  })

  attack("24: a hard link to what is elsewhere", {
    plant: ({ repo, root }) => {
      Fs.writeFileSync(`${repo.home}/secret`, "s3cret\n")
      Fs.linkSync(`${repo.home}/secret`, `${root}/src/c.ts`)
    },
    bites: ({ git }) => (git("add", "-A"), git("show", ":src/c.ts").stdout === "s3cret\n"),
    files: ["A src/c.ts"],
    violations: ["hard_link: \"src/c.ts\" shares its content with another file"]
  })
})

describe("size", () => {
  attack("19: files of many gigabytes without content", {
    plant: (scene) => {
      change(scene)
      for (const name of ["huge", "src/b.ts"]) {
        Fs.writeFileSync(`${scene.root}/${name}`, "")
        Fs.truncateSync(`${scene.root}/${name}`, 10 * 1024 ** 3)
      }
    },
    bites: ({ git }) => git("add", "-A").hangs,
    files: ["M src/a.ts"],
    violations: ["huge", "src/b.ts"].map((name) => `too_large: "${name}" is over 104857600 bytes`),
    incomplete: ["\"huge\" is too large", "\"src/b.ts\" is too large"]
  })
})

describe("the worktree itself", () => {
  it.scopedLive("16: a link in its place is not followed, by the capture or the removal", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      const victim = `${repo.home}/victim`
      writeFiles(victim, { "precious.ts": "precious" })
      yield* Effect.gen(function*() {
        const error = yield* Effect.scoped(Effect.gen(function*() {
          const worktree = yield* acquireWorktree(repo)
          Fs.copyFileSync(`${worktree.path}/.git`, `${victim}/.git`)
          Fs.renameSync(worktree.path, `${worktree.path}-away`)
          Fs.symlinkSync(victim, worktree.path)
          return yield* Effect.flip(captureChanges(worktree))
        }))
        assert.include(error.message, "its root is no folder any more")
      }).pipe(Effect.provide(stages(repo)))
      assert.deepStrictEqual(Fs.readdirSync(victim).sort(), [".git", "precious.ts"])
    }))

  it.scopedLive("21: variables that the runner inherited lead git nowhere else", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      const other = yield* gitRepo({ files: base })
      const before = other.git("for-each-ref")
      const env = {
        ...repo.env,
        GIT_DIR: `${other.root}/.git`,
        GIT_WORK_TREE: other.root,
        GIT_INDEX_FILE: `${other.root}/.git/index`,
        GIT_OBJECT_DIRECTORY: `${other.root}/.git/objects`,
        GIT_NAMESPACE: "evil",
        GIT_CONFIG_COUNT: "2",
        GIT_CONFIG_KEY_0: "core.fsmonitor",
        GIT_CONFIG_VALUE_0: "touch executed",
        GIT_CONFIG_KEY_1: "core.excludesFile",
        GIT_CONFIG_VALUE_1: `${repo.home}/everything`,
        GIT_EXTERNAL_DIFF: "touch executed"
      }
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(repo.home, { everything: "*\n" })
        writeFiles(worktree.path, { "new.ts": "new\n", "src/a.ts": "changed\n" })
        const changes = yield* captureChanges(worktree)
        assert.deepStrictEqual(changes.files.map((file) => file.path), ["new.ts", "src/a.ts"])
        assert.isFalse(Fs.existsSync(Path.join(worktree.path, "executed")))
      }).pipe(Effect.scoped, Effect.provide(stages(repo, env)))
      assert.strictEqual(published(repo, "src/a.ts"), "changed")
      assert.strictEqual(other.git("for-each-ref"), before)
    }))

  it.scopedLive("26: a remote that would give missing objects is not asked", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo({ files: base })
      yield* Effect.gen(function*() {
        const worktree = yield* acquireWorktree(repo)
        writeFiles(repo.home, { "evil.sh": { exec: `#!/bin/sh\ntouch ${repo.home}/executed\n` } })
        const blob = repo.git("rev-parse", "HEAD:src/b.ts")
        Fs.rmSync(`${repo.root}/.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`)
        repo.git("config", "core.repositoryformatversion", "1")
        repo.git("config", "extensions.partialClone", "evil")
        repo.git("config", "remote.evil.url", repo.home)
        repo.git("config", "remote.evil.promisor", "true")
        repo.git("config", "remote.evil.uploadpack", `${repo.home}/evil.sh`)
        writeFiles(worktree.path, { "src/a.ts": "changed\n" })
        const error = yield* Effect.flip(captureChanges(worktree))
        assert.include(error.message, blob)
        assert.isFalse(Fs.existsSync(`${repo.home}/executed`))
        spawnSync("git", ["show", blob], { cwd: repo.root, env: repo.env })
        assert.isTrue(Fs.existsSync(`${repo.home}/executed`), "the attack works on plain git")
      }).pipe(Effect.scoped, Effect.provide(stages(repo)))
    }))
})
