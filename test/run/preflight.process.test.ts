import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { exitCodeOfProblems } from "../../src/cli/exit.ts"
import { CodexRunner } from "../../src/CodexRunner.ts"
import { formatProblem } from "../../src/domain/Problem.ts"
import type { RunRequest } from "../../src/domain/Task.ts"
import { type FakeCodex, fakeCodex } from "../codex/fakeCodex.ts"
import { type GitRepo, gitRepo, scratchFolder, writeFiles } from "../support/GitRepo.ts"
import { type PipelineOptions, requestFor, shippedRunner } from "./pipeline.ts"

/** Folders of PATH with git and a shell, and no Codex. */
const systemPath = "/usr/local/bin:/usr/bin:/bin"

/** A PATH on which these stand before the system's programs. */
const bin = (repo: GitRepo, programs: Readonly<Record<string, string>>): string => {
  writeFiles(repo.home, Object.fromEntries(Object.entries(programs).map(([name, exec]) => [`bin/${name}`, { exec }])))
  return `${repo.home}/bin:${systemPath}`
}

const withCodex = (repo: GitRepo, fake: FakeCodex = {}): string => {
  fakeCodex(`${repo.home}/bin`, fake)
  return `${repo.home}/bin:${systemPath}`
}

/** Every problem of a refused run, as a user reads them. */
const problemsOf = (
  repo: GitRepo,
  env: Readonly<Record<string, string>>,
  options: PipelineOptions & { readonly request?: RunRequest } = {}
) =>
  Effect.flatMap(CodexRunner, (runner) => Effect.flip(runner.run(options.request ?? requestFor(["a"])))).pipe(
    Effect.map((rejected) => rejected.problems),
    Effect.provide(shippedRunner(repo, { ...options, env: { ...repo.env, ...env } }))
  )

const told = (...args: Parameters<typeof problemsOf>) =>
  Effect.map(problemsOf(...args), (all) => all.map(formatProblem))

describe("authentication", () => {
  const noAuthentication =
    "auth: No Codex authentication found. Set CODEX_API_KEY environment variable or run 'codex login'."

  it.scoped("none at all, word for word", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      assert.deepStrictEqual(yield* told(repo, { PATH: withCodex(repo) }), [noAuthentication])
      assert.strictEqual(exitCodeOfProblems(yield* problemsOf(repo, { PATH: withCodex(repo) })), 3)
    }))

  it.scoped("a key of the name that Codex doesn't read", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      assert.deepStrictEqual(yield* told(repo, { PATH: withCodex(repo), OPENAI_API_KEY: "sk-test" }), [
        `${noAuthentication} (OPENAI_API_KEY is set, but \`codex exec\` does not read it: export it as CODEX_API_KEY.)`
      ])
    }))

  it.scoped("a key, a login, or a provider of one's own will do", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const request = requestFor(["a"], { dry_run: true })
      const starts = (env: Readonly<Record<string, string>>, config: PipelineOptions["config"] = {}) =>
        Effect.flatMap(CodexRunner, (runner) => runner.run(request)).pipe(
          Effect.provide(shippedRunner(repo, { config, env: { ...repo.env, ...env } })),
          Effect.map((result) => result.status)
        )
      assert.strictEqual(yield* starts({ PATH: withCodex(repo), CODEX_API_KEY: "sk-test" }), "completed")
      assert.strictEqual(yield* starts({ PATH: withCodex(repo, { loggedIn: true }) }), "completed")
      const provider = ["model_provider=\"own\"", "model_providers.own={name=\"Own\",base_url=\"http://127.0.0.1:9\"}"]
      assert.strictEqual(yield* starts({ PATH: withCodex(repo) }, { codex_config: provider }), "completed")
    }))

  it.scoped("a provider's key that Codex is not given, or that is not set, however the setting is quoted", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const PATH = withCodex(repo)
      const own = (key: string) => ["model_provider=own", "model_providers.own={name=\"Own\"}", key]
      for (
        const key of [
          "model_providers.own={name=\"Own\",env_key=\"OWN_KEY\"}",
          "model_providers.own.env_key='OWN_KEY'",
          "model_providers.own.env_key=OWN_KEY"
        ]
      ) {
        const codex_config = own(key)
        assert.deepStrictEqual(yield* told(repo, { PATH }, { config: { codex_config } }), [
          "auth: the provider reads its key from OWN_KEY, which Codex is not given. Add \"OWN_KEY\" to env_passthrough."
        ])
        assert.deepStrictEqual(
          yield* told(repo, { PATH }, { config: { codex_config, env_passthrough: ["OWN_KEY"] } }),
          [
            "auth: the provider reads its key from OWN_KEY, which is not set. Export OWN_KEY."
          ]
        )
      }
    }))
})

describe("Codex", () => {
  it.scoped("missing, with npm's remedy", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      assert.deepStrictEqual(yield* told(repo, { PATH: systemPath, CODEX_API_KEY: "k" }), [
        "codex: ENOENT: spawn codex ENOENT (not in PATH). Install it with: npm install -g @openai/codex"
      ])
      const codex_command = `${repo.home}/nowhere/codex`
      assert.deepStrictEqual(
        yield* told(repo, { PATH: systemPath, CODEX_API_KEY: "k" }, { config: { codex_command } }),
        [
          `codex: ENOENT: spawn ${codex_command} ENOENT (no executable file there). Install it with: npm install -g @openai/codex`
        ]
      )
    }))

  it.scoped("too old, or broken in one way or another", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const codex = `${repo.home}/bin/codex`
      const refused = (fake: FakeCodex) => told(repo, { PATH: withCodex(repo, fake), CODEX_API_KEY: "k" })
      assert.deepStrictEqual(yield* refused({ version: "0.135.9" }), [
        `codex: the Codex CLI at ${codex} can't be used: version 0.135.9 is too old, 0.149.0 or newer is needed. ` +
        "Update it with: npm install -g @openai/codex@latest"
      ])
      assert.deepStrictEqual(yield* refused({ version: undefined }), [
        `codex: the Codex CLI at ${codex} can't be used: it says no version: nothing`
      ])
      writeFiles(repo.home, { "bin/codex": { exec: "#!/bin/sh\necho 'lib missing' >&2; exit 127\n" } })
      assert.deepStrictEqual(yield* told(repo, { PATH: `${repo.home}/bin:${systemPath}`, CODEX_API_KEY: "k" }), [
        `codex: the Codex CLI at ${codex} can't be used: \`codex --version\` ended with 127: lib missing`
      ])
    }))

  it.scoped("older than what takes every setting, or newer than what was tried, runs with a warning", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const warnings = (version: string) => {
        const seen: Array<ReadonlyArray<string>> = []
        const env = { ...repo.env, PATH: withCodex(repo, { version }), CODEX_API_KEY: "k" }
        return Effect.flatMap(
          CodexRunner,
          (runner) =>
            runner.run(requestFor(["a"], { dry_run: true }), (event) =>
              Effect.sync(() => {
                // These runs have no gate, which they say too.
                if (event._tag === "RunStarted") seen.push(event.warnings.filter((text) => !text.includes("audit")))
              }))
        ).pipe(Effect.provide(shippedRunner(repo, { env })), Effect.as(seen))
      }
      assert.deepStrictEqual(yield* warnings("0.149.0"), [[
        "Codex 0.149.0 is old: 0.150.0 or newer takes every safety setting."
      ]])
      assert.deepStrictEqual(yield* warnings("0.150.0"), [[]])
      assert.deepStrictEqual(yield* warnings("1.2.3"), [[
        "Codex 1.2.3 is newer than 0.169.0, the newest this was tried with."
      ]])
    }))
})

describe("git and the repository", () => {
  it.scoped("git is missing from PATH, and Codex", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      assert.deepStrictEqual(yield* told(repo, { PATH: `${repo.home}/empty`, CODEX_API_KEY: "k" }), [
        "git: ENOENT: spawn git ENOENT. Install git 2.39.0 or newer.",
        "codex: ENOENT: spawn codex ENOENT (not in PATH). Install it with: npm install -g @openai/codex"
      ])
    }))

  it.scoped("git is too old, also where it is too old to find the repository", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const path = (otherwise: string) => {
        fakeCodex(`${repo.home}/bin`)
        return bin(repo, {
          git: `#!/bin/sh\nif [ "$1" = --version ]; then echo "git version 2.30.2"; else ${otherwise}; fi\n`
        })
      }
      const tooOld = ["git: git 2.30.2 is too old. Install git 2.39.0 or newer."]
      assert.deepStrictEqual(
        yield* told(repo, { PATH: path("exec /usr/bin/git \"$@\""), CODEX_API_KEY: "k" }),
        tooOld
      )
      assert.deepStrictEqual(
        yield* told(repo, { PATH: path("echo 'unknown option' >&2; exit 129"), CODEX_API_KEY: "k" }),
        tooOld
      )
    }))

  it.scoped("a folder outside any repository", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const elsewhere = yield* scratchFolder
      const env = { PATH: withCodex(repo), CODEX_API_KEY: "k", GIT_CEILING_DIRECTORIES: Path.dirname(elsewhere) }
      const [problem, ...others] = yield* told(repo, env, { directory: elsewhere })
      assert.deepStrictEqual(others, [])
      assert.match(
        problem ?? "",
        /^repository: \/.* is no git repository with a checkout: fatal: not a git repository .*\. Start codex-runner inside a git repository, or name one with --repo\.$/
      )
    }))

  it.scoped("a bare repository, and a folder that is not there", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const env = { PATH: withCodex(repo), CODEX_API_KEY: "k" }
      repo.git("clone", "-q", "--bare", repo.root, `${repo.home}/bare.git`)
      const [bare] = yield* told(repo, env, { directory: `${repo.home}/bare.git` })
      assert.match(bare ?? "", /^repository: .* is no git repository with a checkout: /)
      const [gone] = yield* told(repo, env, { directory: `${repo.home}/gone` })
      assert.match(gone ?? "", /^(repository|git): .*gone/)
    }))

  it.scoped("no commit yet", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const env = { PATH: withCodex(repo), CODEX_API_KEY: "k" }
      const directory = `${repo.home}/fresh`
      Fs.mkdirSync(directory)
      repo.git("init", "-q", directory)
      assert.deepStrictEqual(yield* told(repo, env, { directory }), [
        `repository: ${directory} has no commit yet. Make a first one: git add -A && git commit -m "first".`
      ])
    }))

  it.scoped("a base_ref that names no commit is the request's fault", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      repo.git("tag", "a-blob", repo.git("rev-parse", "HEAD:README.md"))
      for (const base_ref of ["no-such-branch", "a-blob", "HEAD~5"]) {
        const problems = yield* problemsOf(repo, { PATH: withCodex(repo), CODEX_API_KEY: "k" }, {
          request: requestFor(["a"], { base_ref })
        })
        assert.deepStrictEqual(problems.map(formatProblem), [
          `base_ref: "${base_ref}" names no commit of ${repo.root}.`
        ])
        assert.strictEqual(exitCodeOfProblems(problems), 2)
      }
    }))
})

describe("everything at once", () => {
  it.scoped("the request, its limits, Codex, its provider and the base, in one answer", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const at = (problems: ReadonlyArray<{ readonly at: string }>) => problems.map((problem) => problem.at)
      const request = requestFor(["a", "A"], { base_ref: "nowhere", concurrency: 60 })
      const config = { codex_config: ["model_provider=own", "model_providers.own={env_key=\"OWN_KEY\"}"] }
      const problems = yield* problemsOf(repo, { PATH: systemPath }, { request, config })
      assert.sameMembers(at(problems), ["concurrency", "tasks[1].task_id", "auth", "codex", "base_ref"])
      assert.strictEqual(exitCodeOfProblems(problems), 2)
    }))

  it.scoped("a request that can't even be read hides nothing of the environment", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const request: RunRequest = JSON.parse("{\"tasks\":[{\"task_id\":\"../x\",\"prompt\":\"\"}]}")
      const problems = yield* problemsOf(repo, { PATH: withCodex(repo) }, { request })
      assert.sameMembers(problems.map((problem) => problem.at), ["tasks[0].task_id", "tasks[0].prompt", "auth"])
    }))

  it.scoped("nothing was written: neither a run nor a worktree nor a ref", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      yield* problemsOf(repo, { PATH: systemPath })
      const state = `${repo.home}/state/codex-runner`
      assert.isFalse(Fs.existsSync(state) && Fs.readdirSync(state).some((name) => name !== "codex"))
      assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner/"), "")
    }))
})

describe("the state folder", () => {
  it.scoped("under a temp folder is refused", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const state_dir = `/tmp/codex-runner-test-${process.pid}`
      yield* Effect.addFinalizer(() => Effect.sync(() => Fs.rmSync(state_dir, { recursive: true, force: true })))
      const env = { PATH: withCodex(repo), CODEX_API_KEY: "k" }
      const refusal =
        `state_dir: the state folder ${state_dir} can't be used: it lies under a temp folder, which Codex's sandbox lets ` +
        "commands write to. Set state_dir or XDG_STATE_HOME to another place"
      assert.deepStrictEqual(yield* told(repo, env, { config: { state_dir } }), [refusal])
      assert.isFalse(Fs.existsSync(state_dir))
      // The same through a link, and through TMPDIR.
      Fs.symlinkSync("/tmp", `${repo.home}/link`)
      const [linked] = yield* told(repo, env, {
        config: { state_dir: `${repo.home}/link/codex-runner-test-${process.pid}` }
      })
      assert.include(linked, "under a temp folder")
      const [own] = yield* told(repo, { ...env, TMPDIR: `${repo.home}/state` })
      assert.include(own, "under a temp folder")
    }))

  it.scoped("inside the repository is refused, and not made there", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const env = { PATH: withCodex(repo), CODEX_API_KEY: "k" }
      for (const state_dir of [`${repo.root}/state/of/it`, `${repo.root}/.git/state`]) {
        const [problem] = yield* told(repo, env, { config: { state_dir } })
        assert.include(problem, "it lies inside the repository. Set state_dir or XDG_STATE_HOME to a place outside")
        assert.isFalse(Fs.existsSync(state_dir))
      }
      assert.strictEqual(repo.git("status", "--porcelain"), "")
    }))

  it.scoped("that can't be made is told with the reason", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      writeFiles(repo.home, { "file": "" })
      const [problem] = yield* told(repo, { PATH: withCodex(repo), CODEX_API_KEY: "k" }, {
        config: { state_dir: `${repo.home}/file/state` }
      })
      assert.match(problem ?? "", /^state_dir: .* can't be used: it can't be made: (ENOTDIR|EEXIST)/)
    }))
})

describe("danger-full-access", () => {
  it.scoped("is told of on every run", () =>
    Effect.gen(function*() {
      const repo = yield* gitRepo()
      const seen: Array<string> = []
      const config = { sandbox_mode: "danger-full-access" as const }
      yield* Effect.flatMap(
        CodexRunner,
        (runner) =>
          runner.run(requestFor(["a"], { dry_run: true }), (event) =>
            Effect.sync(() => {
              if (event._tag === "RunStarted") seen.push(...event.warnings)
            }))
      ).pipe(
        Effect.provide(
          shippedRunner(repo, { config, env: { ...repo.env, PATH: withCodex(repo, {}), CODEX_API_KEY: "k" } })
        )
      )
      assert.include(seen.join("\n"), "Codex's sandbox is off")
    }))
})
