import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { decodeConfig, decodeWithOverrides } from "../../src/config/decodeConfig.ts"
import { overridesFromEnv } from "../../src/config/environmentOverrides.ts"
import { RunnerConfigFile } from "../../src/config/RunnerConfigFile.ts"

const problemsOf = (raw: unknown) =>
  Either.match(decodeConfig(raw), {
    onLeft: (problems) => problems.map(({ at, message }) => `${at}: ${message}`),
    onRight: () => []
  })

const only = (raw: unknown): string => {
  const problems = problemsOf(raw)
  assert.lengthOf(problems, 1)
  return problems[0] ?? ""
}

describe("decodeConfig", () => {
  it("fills every default", () => {
    assert.deepStrictEqual(Either.getOrThrow(decodeConfig({ $schema: "./config.schema.json" })), {
      allowed_commands: ["npm test", "npm run lint", "npx tsc --noEmit"],
      default_allowed_paths: ["src/**", "tests/**", "package.json"],
      default_concurrency: 2,
      default_timeout_sec: 300,
      resource_policy: "conservative",
      network_policy: "deny",
      codex_command: "codex",
      codex_full_auto: true,
      codex_ephemeral: true,
      sandbox_mode: "workspace-write",
      max_runs_retained: 20,
      max_tasks_per_run: 10,
      limits: { concurrency: 8, tasks: 50, timeout_sec: 1800 },
      allow_read_only_commands: true,
      protected_paths: [],
      disposable_paths: [
        "**/__pycache__/**",
        "**/.pytest_cache/**",
        "**/.ruff_cache/**",
        "**/.mypy_cache/**",
        "**/coverage/**",
        "**/*.tsbuildinfo"
      ],
      enforcement: "required",
      setup: { copy: [], commands: [] },
      codex_config: [],
      codex_user_config: "ignore",
      env_passthrough: [],
      command_env: {},
      keep_worktrees: "never"
    })
  })

  // A field is to be named whatever is wrong with it: each has here values that are malformed in their own ways.
  const malformed: Record<Exclude<keyof typeof RunnerConfigFile.fields, "$schema">, ReadonlyArray<unknown>> = {
    allowed_commands: ["npm test", [""], [1], ["a;b"]],
    default_allowed_paths: [null, [""], ["/etc"], ["../x"]],
    default_concurrency: [0, 9, 65, 1.5, "2", null],
    default_timeout_sec: [9, 1801, 86_401, "300"],
    resource_policy: ["fast", 1],
    network_policy: ["maybe", true],
    codex_command: ["", "-x", "a\nb", 1],
    codex_model: ["", "--help", 5],
    codex_full_auto: ["true", 1],
    codex_ephemeral: ["no", null],
    sandbox_mode: ["none", false],
    max_runs_retained: [0, 1001, "20"],
    max_tasks_per_run: [0, 51, 1001],
    limits: [5, { concurrency: 65 }, { tasks: 0 }, { timeout_sec: 9 }, { task: 5 }],
    idle_timeout_sec: [9, 86_401, "off"],
    allow_read_only_commands: ["yes", 0],
    protected_paths: ["x", ["a/../b"], ["!src/**"]],
    disposable_paths: ["x", ["/tmp/**"]],
    enforcement: ["strict", 0],
    setup: [[], { copy: ["/x"] }, { copy: [".git"] }, { commands: [""] }, { command: [] }],
    codex_config: ["model=\"x\"", ["sandbox_mode=\"danger-full-access\""], ["model"]],
    codex_user_config: ["use", true],
    env_passthrough: ["HTTP_PROXY", ["A B"], ["1A"]],
    command_env: [[], { "A B": "x" }, { NPM_TOKEN: "x" }, { CI: 1 }, { PATH: "/x" }],
    keep_worktrees: ["sometimes", true],
    state_dir: ["", "relative/folder", "/a/../b", 1]
  }

  it.each(Object.entries(malformed).flatMap(([field, values]) => values.map((value) => [field, value] as const)))(
    "names %s when it is %j",
    (field, value) => {
      assert.match(only({ [field]: value }), new RegExp(`^${field}\\b`))
    }
  )

  it("tells all that is wrong at once", () => {
    assert.deepStrictEqual(
      problemsOf({
        alowed_commands: [],
        default_concurrency: 100,
        limits: { concurrency: 90 },
        command_env: { A_KEY: "x", B: 2, LD_PRELOAD: "/x" }
      }),
      [
        "alowed_commands: unknown field \"alowed_commands\": did you mean \"allowed_commands\"?",
        "default_concurrency: expected a whole number from 1 to 64, got 100",
        "limits.concurrency: expected a whole number from 1 to 64, got 90",
        "command_env.A_KEY: A_KEY is refused: by its name it holds a secret, and none may reach a command",
        "command_env.LD_PRELOAD: LD_PRELOAD is refused: it makes every program load foreign code",
        "command_env.B: expected a string"
      ]
    )
  })

  it("never throws, and names a field of the file or the file itself", () => {
    const names = Object.keys(RunnerConfigFile.fields)
    const files = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...names, "__proto__", "constructor"), fc.jsonValue())
    )
    fc.assert(fc.property(files, (raw) => {
      for (const { at, message } of Either.getOrElse(Either.flip(decodeConfig(raw)), () => [])) {
        assert.isNotEmpty(at)
        assert.isNotEmpty(message)
      }
    }))
  })

  it("refuses names that an object keeps for itself, also as a variable", () => {
    assert.match(only(JSON.parse("{\"__proto__\": 1}")), /unknown field "__proto__"/)
    assert.match(only(JSON.parse("{\"command_env\": {\"__proto__\": \"x\"}}")), /not a variable's name/)
  })

  describe("limits", () => {
    it("raise the upper bounds of concurrency, tasks and timeout, and nothing else does", () => {
      const wide = { default_concurrency: 64, max_tasks_per_run: 1000, default_timeout_sec: 86_400 }
      assert.deepStrictEqual(problemsOf(wide), [
        "default_concurrency: expected a whole number from 1 to 8, got 64",
        "default_timeout_sec: expected a whole number from 10 to 1800, got 86400",
        "max_tasks_per_run: expected a whole number from 1 to 50, got 1000"
      ])
      assert.isEmpty(problemsOf({ ...wide, limits: { concurrency: 64, tasks: 1000, timeout_sec: 86_400 } }))
    })

    it("lower the defaults that are above them", () => {
      const config = Either.getOrThrow(decodeConfig({ limits: { concurrency: 1, tasks: 3, timeout_sec: 60 } }))
      assert.deepInclude(config, { default_concurrency: 1, max_tasks_per_run: 3, default_timeout_sec: 60 })
    })
  })

  it("makes the sandbox read-only without full auto, unless the file names one", () => {
    const sandbox = (raw: unknown) => Either.getOrThrow(decodeConfig(raw)).sandbox_mode
    assert.strictEqual(sandbox({ codex_full_auto: false }), "read-only")
    assert.strictEqual(sandbox({ codex_full_auto: false, sandbox_mode: "workspace-write" }), "workspace-write")
  })
})

describe("overrides", () => {
  it("come from the environment, win over the file, and leave the rest to it", () => {
    const overrides = Either.getOrThrow(overridesFromEnv({
      CODEX_RUNNER_CONCURRENCY: "4",
      CODEX_RUNNER_TIMEOUT_SEC: "60",
      CODEX_RUNNER_STATE_DIR: "/var/state",
      CODEX_RUNNER_CODEX_COMMAND: "/opt/codex",
      CODEX_RUNNER_MODEL: "",
      CODEX_RUNNER_KEEP_WORKTREES: "always",
      PATH: "/bin"
    }))
    assert.deepStrictEqual(overrides, {
      default_concurrency: 4,
      default_timeout_sec: 60,
      state_dir: "/var/state",
      codex_command: "/opt/codex",
      keep_worktrees: "always"
    })
    assert.deepInclude(
      Either.getOrThrow(decodeWithOverrides({ default_concurrency: 3, codex_model: "m" }, overrides)),
      { default_concurrency: 4, default_timeout_sec: 60, codex_model: "m" }
    )
  })

  it("are none where the environment sets none: defaults don't win over the file", () => {
    assert.deepStrictEqual(Either.getOrThrow(overridesFromEnv({})), {})
  })

  it("name the variable that is wrong", () => {
    const problems = Either.getOrThrow(Either.flip(overridesFromEnv({
      CODEX_RUNNER_CONCURRENCY: "many",
      CODEX_RUNNER_TIMEOUT_SEC: "5",
      CODEX_RUNNER_STATE_DIR: "here",
      CODEX_RUNNER_KEEP_WORKTREES: "yes"
    })))
    assert.deepStrictEqual(problems.map(({ at, message }) => `${at}: ${message}`), [
      "CODEX_RUNNER_CONCURRENCY: expected a whole number from 1 to 64, got \"many\"",
      "CODEX_RUNNER_TIMEOUT_SEC: expected a whole number from 10 to 86400, got 5",
      "CODEX_RUNNER_STATE_DIR: not an absolute path, or one that starts with \"~/\", without \"..\" (got \"here\")",
      "CODEX_RUNNER_KEEP_WORKTREES: expected \"never\" or \"on_failure\" or \"always\", got \"yes\""
    ])
  })

  it("stay within the file's limits", () => {
    const [problem] = Either.getOrThrow(Either.flip(decodeWithOverrides({}, { default_concurrency: 9 })))
    assert.strictEqual(problem.at, "default_concurrency")
    assert.include(problem.message, "from 1 to 8, got 9 (set by a flag or an environment variable)")
  })
})
