/**
 * Every command in the documents is run as it stands there, page by page and each once, in a throw-away repository with
 * the built program, the real Codex CLI and a scripted model; every TypeScript block is compiled against the built
 * library. A command without an entry below fails.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { tsc } from "../../scripts/tsc.mjs"
import { PlanReview } from "../../src/domain/PlanReview.ts"
import { RunResult } from "../../src/domain/Result.ts"
import { demoFiles, demoScript } from "../../src/scripted/demo.ts"
import * as Reply from "../../src/scripted/Reply.ts"
import { byPrompt, steps } from "../../src/scripted/Script.ts"
import * as ScriptedModel from "../../src/scripted/ScriptedModel.ts"
import { type GitRepo, gitRepo } from "../support/GitRepo.ts"
import { shareProofs } from "../support/proofs.ts"
import { codes, type Document, document, documents, root, rows, section } from "./documents.ts"

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const execute = (
  program: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> }
): Effect.Effect<Ended> =>
  Effect.async((resume) => {
    const child = execFile(program, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1
      resume(Effect.succeed({ code, stdout, stderr }))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const review: PlanReview = {
  report: {
    missing_tasks: [],
    dependency_issues: [],
    parallelization_suggestions: [],
    test_gaps: ["Nobody tests what clamp does where low is above high."],
    risk_flags: [],
    recommended_task_splits: []
  }
}

/** What the README's tasks are answered with. */
const script = byPrompt([
  ["Review the plan below.", steps(Reply.message(JSON.stringify(review)))],
  [
    "Describe src/math.js",
    steps(
      Reply.calls([Reply.patch("*** Begin Patch\n*** Add File: README.md\n+# Math\n+\n+`add` adds.\n*** End Patch")]),
      Reply.message("Wrote the README.")
    )
  ]
], demoScript)

interface Place {
  readonly repo: GitRepo
  readonly env: Readonly<Record<string, string>>
}

const built = join(root, "dist/bin/codex-runner.mjs")

/** A repository as a user has it: the demo's files, the package and Codex installed, a model to talk to. */
const place = Effect.gen(function*() {
  if (!existsSync(built)) throw new Error("There is no dist/bin: run `npm run build` first.")
  const repo = yield* gitRepo({ files: { ...demoFiles, ".gitignore": "node_modules/\n" } })
  const bin = join(repo.root, "node_modules/.bin")
  mkdirSync(bin, { recursive: true })
  symlinkSync(built, join(bin, "codex-runner"))
  symlinkSync(join(root, "node_modules/.bin/codex"), join(bin, "codex"))
  const model = yield* ScriptedModel.make(script)
  repo.write({
    "tasks.json": document("README.md").fences.find(({ language }) => language === "json")?.body ?? "",
    "tasks.yaml": document("docs/tasks-file.md").fences.find(({ language }) => language === "yaml")?.body ?? "",
    "plan.md": "Add clamp to src/math.js, then describe it.\n",
    "conventions.md": "Small functions.\n",
    ".mcp-codex.json": JSON.stringify({ codex_model: "gpt-5.5", codex_config: model.codexConfig })
  })
  shareProofs(`${repo.home}/state/codex-runner`)
  const env = {
    ...repo.env,
    ...model.codexEnvironment,
    PATH: [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter),
    // Nothing may be fetched in a test: npx must find what is installed.
    npm_config_registry: "http://127.0.0.1:9/"
  }
  // What brings Codex to the model, a user would have to trust.
  const trusted = yield* execute("codex-runner", ["trust", "--yes"], { cwd: repo.root, env })
  assert.strictEqual(trusted.code, 0, trusted.stderr)
  return { repo, env }
})

const manifest = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({
  name: Schema.String,
  bin: Schema.Record({ key: Schema.String, value: Schema.String }),
  scripts: Schema.Record({ key: Schema.String, value: Schema.String }),
  peerDependencies: Schema.Record({ key: Schema.String, value: Schema.String }),
  devDependencies: Schema.Record({ key: Schema.String, value: Schema.String })
})))(readFileSync(join(root, "package.json"), "utf8"))

type Check = (command: string, place: Place) => Effect.Effect<void>

/** Runs the command as a shell would, and looks at what came of it. */
const runs = (look: (ended: Ended, place: Place) => void = () => undefined): Check => (command, { env, repo }) =>
  Effect.map(execute("sh", ["-c", command], { cwd: repo.root, env }), (ended) => {
    assert.strictEqual(ended.code, 0, `${command}\n${ended.stdout}\n${ended.stderr}`)
    look(ended, { env, repo })
  })

const decodeResult = Schema.decodeUnknownSync(Schema.parseJson(RunResult))

const succeeded = (json: string) =>
  assert.deepStrictEqual(decodeResult(json).results.map(({ status, task_id }) => [task_id, status]), [
    ["add-clamp", "success"],
    ["readme", "success"]
  ])

/** Its effect is on this package: that there is such a script is enough, for a test can't run all tests. */
const isScript: Check = (command) =>
  Effect.sync(() => {
    const name = /^npm (?:run )?([\w:]+)/.exec(command)?.[1] ?? ""
    assert.property(manifest.scripts, name)
  })

const asksForKnownPackages: Check = (command) =>
  Effect.sync(() => {
    for (const asked of command.split(" ").slice(2).filter((word) => !word.startsWith("--"))) {
      const [, name = "", range] = /^(@?[^@]+)(?:@(.+))?$/.exec(asked) ?? []
      if (range === undefined) assert.include([manifest.name, ...Object.keys(manifest.devDependencies)], name)
      else assert.include([manifest.peerDependencies[name], `^${manifest.devDependencies[name]}`], range, name)
    }
  })

const runsFile: Check = (command) =>
  Effect.sync(() => {
    const path = command.split(" ").find((word) => word.startsWith("test/"))
    assert.isTrue(path === undefined || existsSync(join(root, path)), command)
  })

const installed: Check = () => Effect.sync(() => assert.isTrue(existsSync(join(root, "package-lock.json"))))

const Proposed = Schema.Struct({ allowed_commands: Schema.Array(Schema.String) })

const commands: Readonly<Record<string, Check>> = {
  "npm ci": installed,
  "npm test": isScript,
  "npm run build": isScript,
  "npm run check": isScript,
  "npm run demo": isScript,
  "npm run endure": isScript,
  "npm run format": isScript,
  "npm run lock": isScript,
  "npm start --silent": () =>
    Effect.sync(() => assert.isTrue(manifest.scripts["start"]?.endsWith(` ${manifest.bin["codex-mcp-runner"]}`))),
  "npm run test:watch -- test/policy": (command, place) =>
    Effect.zipRight(isScript(command, place), runsFile(command, place)),
  "npx vitest run --project unit": (command) =>
    Effect.sync(() =>
      assert.include(readFileSync(join(root, "vitest.config.ts"), "utf8"), `tier("${command.split(" ").at(-1)}"`)
    ),
  "npx vitest run test/policy/pathRules.test.ts": runsFile,
  "npx vitest run test/policy/pathRules.test.ts -t protected": runsFile,
  "npx vitest run test/config/schema.test.ts -u": runsFile,
  "npx vitest run test/mcp/descriptors.test.ts -u": runsFile,
  "npm install --save-dev codex-mcp-runner @openai/codex": asksForKnownPackages,
  "npm install codex-mcp-runner effect@^3.22.4 @effect/platform@^0.97.2 @effect/platform-node@^0.108.2":
    asksForKnownPackages,
  "npx codex-runner demo": runs(({ stdout }) => {
    for (const task of ["add-clamp", "add-slugify", "round-to-cents"]) assert.match(stdout, RegExp(`${task} +success`))
    assert.include(stdout, "The last run of `npm test` failed")
  }),
  "codex-runner run tasks.json --dry-run": runs(({ stdout }, { repo }) => {
    assert.match(stdout, /add-clamp +skipped/)
    assert.strictEqual(repo.git("for-each-ref", "refs/codex-runner"), "")
  }),
  "codex-runner run tasks.json --run-id friday": runs(({ stdout }, { repo }) => {
    assert.match(stdout, /add-clamp +success/)
    assert.match(stdout, /readme +success/)
    assert.strictEqual(repo.git("status", "--porcelain", "--untracked-files=no"), "")
  }),
  "codex-runner resume friday": runs(({ stdout }) => assert.match(stdout, /readme +success/)),
  "codex-runner run tasks.json --detach": (command, place) =>
    Effect.zipRight(
      runs(({ stdout }) => assert.match(stdout, /^run \S+ goes on in a process of its own/))(command, place),
      // It is gone before its repository is.
      runs()("codex-runner cancel last", place)
    ),
  "codex-runner runs list": runs(({ stdout }) => assert.match(stdout, /friday +completed/)),
  "codex-runner run tasks.json --json > result.json": runs((_, { repo }) => succeeded(repo.read("result.json"))),
  "codex-runner review plan.md": runs(({ stdout }) => assert.match(stdout, /^Test gaps\n {2}- Nobody tests/)),
  "codex-runner review plan.md --context conventions.md --timeout 600": runs(({ stdout }) =>
    assert.match(stdout, /^Test gaps\n {2}- Nobody tests/)
  ),
  "codex-runner init --print": runs(({ stdout }) =>
    assert.deepStrictEqual(Schema.decodeUnknownSync(Schema.parseJson(Proposed))(stdout).allowed_commands, ["npm test"])
  ),
  "codex-runner review - --json < plan.md > review.json": runs((_, { repo }) =>
    assert.deepStrictEqual(Schema.decodeUnknownSync(Schema.parseJson(PlanReview))(repo.read("review.json")), review)
  ),
  "codex-runner runs show friday": runs(({ stdout }) => assert.match(stdout, /readme +success/)),
  "codex-runner runs show friday add-clamp": runs(({ stdout }) => {
    assert.match(stdout, /^add-clamp of run friday: success/)
    assert.include(stdout, "\n+export const clamp")
  }),
  "codex-runner runs diff friday add-clamp": runs(({ stdout }) =>
    assert.match(stdout, /^diff --git[^]*\n\+export const clamp/)
  ),
  "codex-runner runs logs friday readme": runs(({ stdout }) => assert.include(stdout, "\nadd README.md\n")),
  "codex-runner apply friday --check": runs(({ stdout }, { repo }) => {
    assert.include(stdout, "Nothing was changed.")
    assert.strictEqual(repo.git("diff", "HEAD", "--name-only"), "")
  }),
  "codex-runner apply friday readme --branch friday-readme": runs((_, { repo }) =>
    assert.strictEqual(repo.git("diff", "--name-only", "HEAD", "friday-readme"), "README.md")
  ),
  "codex-runner apply friday": runs((_, { repo }) => {
    assert.include(repo.git("diff", "--cached", "--name-only"), "README.md")
    assert.include(repo.read("src/math.js"), "clamp")
  }),
  "codex-runner run tasks.json": runs(({ stdout }) => assert.match(stdout, /readme +success/)),
  "codex-runner run tasks.yaml --concurrency 2 --timeout 600": runs(({ stderr, stdout }) => {
    assert.match(stdout, /readme +success/)
    assert.include(stderr, "2 tasks, 2 at a time")
  }),
  "codex-runner run tasks.json --keep-worktrees on_failure": runs((_, { repo }) =>
    assert.notInclude(repo.git("worktree", "list"), "readme")
  ),
  "codex-runner run - --json < tasks.json > result.json": runs((_, { repo }) => succeeded(repo.read("result.json"))),
  // Claude Code is not here to be asked: what it is to start is what the test of the snippets starts.
  "claude mcp add codex-runner --scope user -- npx -y codex-mcp-runner": (command) =>
    Effect.sync(() => assert.isTrue(command.endsWith(` -- npx -y ${manifest.name}`))),
  "codex mcp add codex-runner -- npx -y codex-mcp-runner": (command, place) =>
    Effect.gen(function*() {
      yield* runs()(command, place)
      yield* runs(({ stdout }) => assert.include(stdout, "codex-mcp-runner"))("codex mcp list", place)
    }),
  "codex-runner run tasks.json --repo . --base-ref main --dry-run": runs(({ stdout }) =>
    assert.match(stdout, /readme +skipped/)
  )
}

const helpOf = (name: string) => execute(process.execPath, [built, ...name.split(" "), "--help"], { cwd: root })

const commandsOf = ({ fences }: Document): ReadonlyArray<string> =>
  fences.filter(({ language }) => language === "sh").flatMap(({ body }) => body.trim().split("\n"))

const pages = documents.filter((page) => commandsOf(page).length > 0)

describe("the commands in the documents", () => {
  it.scopedLive("do each what their page says", () =>
    Effect.gen(function*() {
      const at = yield* place
      for (const command of new Set(pages.flatMap(commandsOf))) {
        yield* commands[command] === undefined
          ? Effect.dieMessage(`without an entry in this test: ${command}`)
          : commands[command](command, at)
      }
    }), 300_000)

  it("are all that this test knows", () =>
    assert.sameMembers(Object.keys(commands), [...new Set(pages.flatMap(commandsOf))]))

  it.effect("mcp has the options that its guide has, and the other way round", () =>
    Effect.gen(function*() {
      const { stdout } = yield* helpOf("mcp")
      const told = rows(section(document("docs/mcp.md"), "Options")).flatMap(([first = ""]) => codes(first))
      const names = (text: string) => [...new Set(text.match(/--[a-z-]{3,}/g))]
      assert.sameMembers(names(told.join(" ")), names(stdout.split("Examples")[0] ?? ""))
    }))

  for (const name of ["run", "review", "init", "apply", "runs show", "runs logs", "runs diff"]) {
    it.effect(`${name} has the options that its guide has, and the other way round`, () =>
      Effect.gen(function*() {
        const names = (text: string) => [...new Set(text.match(/--[a-z-]{3,}/g))]
        const { code, stdout } = yield* helpOf(name)
        const told = rows(section(document("docs/command-line.md"), name)).flatMap(([first = ""]) => codes(first))
        assert.strictEqual(code, 0)
        assert.sameMembers(names(told.join(" ")), names(stdout.split("Examples")[0] ?? ""))
      }))
  }

  it.scopedLive("end with the codes that their guide tells", () =>
    Effect.gen(function*() {
      const { env, repo } = yield* place
      const codeOf = (...args: ReadonlyArray<string>) =>
        Effect.map(execute("codex-runner", args, { cwd: repo.root, env }), ({ code }) => code)
      repo.write({
        "wrong.json": "{\"tasks\": [{\"task_id\": \"..\"}]}",
        "unknown.json": "{\"tasks\": [{\"task_id\": \"a\", \"prompt\": \"Nobody knows.\"}]}"
      })
      assert.strictEqual(yield* codeOf("run", "wrong.json"), 2)
      assert.strictEqual(yield* codeOf("run", "tasks.json", "--repo", ".."), 3)
      assert.strictEqual(yield* codeOf("run", "unknown.json"), 1)
      assert.strictEqual(yield* codeOf("run", "tasks.json", "--no-such-option"), 2)
    }))
})

/** In the package's own folder, so that its name leads to its build; where nothing looks for sources or commits. */
const insideThePackage = Effect.acquireRelease(
  Effect.sync(() => {
    mkdirSync(join(root, "coverage"), { recursive: true })
    return mkdtempSync(join(root, "coverage/documents-"))
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

describe("the TypeScript in the documents", () => {
  it.scopedLive("compiles against the built library", () =>
    Effect.gen(function*() {
      const folder = yield* insideThePackage
      const blocks = documents.flatMap(({ fences, path }) =>
        fences.filter(({ language }) => language === "ts").map(({ body, line }) => ({
          name: `${path.replaceAll(/\W/g, "_")}_line_${line}.ts`,
          body
        }))
      )
      assert.isAtLeast(blocks.length, 3)
      for (const { body, name } of blocks) writeFileSync(join(folder, name), body)
      writeFileSync(
        join(folder, "tsconfig.json"),
        // By its name it is what was built, not the sources.
        JSON.stringify({ extends: "../../tsconfig.json", compilerOptions: { paths: {} }, include: ["*.ts"] })
      )
      const [program] = yield* Effect.promise(() => tsc())
      const { code, stdout } = yield* execute(program, ["-p", folder, "--pretty", "false"], { cwd: root })
      assert.strictEqual(code, 0, stdout)
    }))

  it.scopedLive("of the README runs its task", () =>
    Effect.gen(function*() {
      const { env, repo } = yield* place
      const folder = yield* insideThePackage
      const program = join(folder, "example.mjs")
      writeFileSync(program, document("README.md").fences.find(({ language }) => language === "ts")?.body ?? "")
      const { code, stderr, stdout } = yield* execute(process.execPath, [program], { cwd: repo.root, env })
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /^readme: success, refs\/codex-runner\/.+\/readme$/m)
    }))
})
