/** `.mcp-codex.json` as a schema: every field with its range, default and meaning. */
import * as Schema from "effect/Schema"
import { absoluteMaxima, integerBetween, ResourcePolicy } from "../domain/Task.ts"
import { codexOverrideFault } from "./codexOverride.ts"
import { commandEntryFault } from "./commandEntry.ts"
import { copyPathFault, globFault } from "./pathEntry.ts"
import { commandVariableFault, passthroughFault } from "./variables.ts"

/** A field that is filled with `value` where it is absent; the JSON Schema says so too. */
const field = <A, I>(schema: Schema.Schema<A, I>, value: NoInfer<A>, description: string) =>
  Schema.optionalWith(schema.annotations({ description, default: value }), { default: () => value })

const optionalField = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optional(schema.annotations({ description }))

type TextFault = (text: string) => string | undefined

const text = (fault: TextFault, jsonSchema: object) => Schema.String.pipe(Schema.filter(fault, { jsonSchema }))

const commandEntry = text(commandEntryFault, { pattern: "^(?=.*\\S)[^;|&$()`\\r\\n]+$" })

const glob = text(globFault, { minLength: 1, maxLength: 500 })

const copyPath = text(copyPathFault, { minLength: 1, maxLength: 500 })

const setupCommand = text(
  (command) => command.trim() === "" || command.includes("\0") ? "not a command" : undefined,
  { minLength: 1 }
)

const codexOverride = text(codexOverrideFault, { pattern: "^ *(model|service_tier)[A-Za-z0-9_.-]* *=" })

const variableName = { pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }

/** An argument of its own in a command line: what starts with "-" would be read as an option. */
const argument = text(
  (value) =>
    value.trim() === "" || value.startsWith("-") || /[\u0000-\u001f\u007f]/.test(value)
      ? "empty, starting with \"-\" or holding a control character"
      : undefined,
  { pattern: "^[^-]" }
)

const stateDir = text(
  (path) =>
    /^(\/|~\/)/.test(path) && !/[\u0000-\u001f]/.test(path) && !path.split("/").includes("..")
      ? undefined
      : "not an absolute path, or one that starts with \"~/\", without \"..\"",
  { pattern: "^(/|~/)" }
)

/** Codex's sandbox. */
export const SandboxMode = Schema.Literal("read-only", "workspace-write", "danger-full-access")
export type SandboxMode = typeof SandboxMode.Type

export const KeepWorktrees = Schema.Literal("never", "on_failure", "always")
export type KeepWorktrees = typeof KeepWorktrees.Type

/** Upper bounds of `default_concurrency` (and a request's), `max_tasks_per_run` and the timeouts. */
export const Limits = Schema.Struct({
  concurrency: field(
    integerBetween(1, absoluteMaxima.concurrency),
    8,
    "The most tasks at a time that a configuration or a request can ask for."
  ),
  tasks: field(integerBetween(1, absoluteMaxima.tasks), 50, "The upper bound of max_tasks_per_run."),
  timeout_sec: field(
    integerBetween(10, absoluteMaxima.timeoutSec),
    1800,
    "The longest timeout, in seconds, that a configuration or a request can ask for."
  )
})
export type Limits = typeof Limits.Type

export const defaultLimits: Limits = { concurrency: 8, tasks: 50, timeout_sec: 1800 }

const widestLimits: Limits = {
  concurrency: absoluteMaxima.concurrency,
  tasks: absoluteMaxima.tasks,
  timeout_sec: absoluteMaxima.timeoutSec
}

/** The schema of a file whose `limits` are these: they bound three fields, and their defaults. */
export const runnerConfigFile = (limits: Limits) =>
  Schema.Struct({
    $schema: optionalField(Schema.String, "The JSON Schema of this file, for editors."),
    allowed_commands: field(
      Schema.Array(commandEntry),
      ["npm test", "npm run lint", "npx tsc --noEmit"],
      "Command prefixes Codex may run: plain leading words, without ; | & $ ( ) ` or a newline."
    ),
    default_allowed_paths: field(
      Schema.Array(glob),
      ["src/**", "tests/**", "package.json"],
      "Globs, relative to the repository's root, of the files Codex may change where a task names none."
    ),
    default_concurrency: field(
      integerBetween(1, limits.concurrency),
      Math.min(2, limits.concurrency),
      "Tasks at a time: 1 to 8, or to limits.concurrency."
    ),
    default_timeout_sec: field(
      integerBetween(10, limits.timeout_sec),
      Math.min(300, limits.timeout_sec),
      "Wall-clock limit of one task in seconds: 10 to 1800, or to limits.timeout_sec."
    ),
    resource_policy: field(
      ResourcePolicy,
      "conservative",
      "conservative: low priority, at most as many tasks as cores, and only while memory is free; normal: as requested."
    ),
    network_policy: field(Schema.Literal("deny", "allow"), "deny", "Network for the commands that the model runs."),
    codex_command: field(argument, "codex", "Name or path of the Codex CLI."),
    codex_model: optionalField(argument, "The model, passed to Codex as -m. Codex's own default if absent."),
    codex_full_auto: field(
      Schema.Boolean,
      true,
      "false: Codex may read and answer but not write (a read-only sandbox unless sandbox_mode is given)."
    ),
    codex_ephemeral: field(
      Schema.Boolean,
      true,
      "true: Codex keeps no session files. false: it keeps them, and the result names the thread to resume."
    ),
    sandbox_mode: optionalField(
      SandboxMode.annotations({ default: "workspace-write" }),
      "Codex's sandbox. Default workspace-write; read-only where codex_full_auto is false."
    ),
    max_runs_retained: field(integerBetween(1, 1000), 20, "Runs kept on disk; older finished ones are deleted."),
    max_tasks_per_run: field(
      integerBetween(1, limits.tasks),
      Math.min(10, limits.tasks),
      "The most tasks in one run: 1 to 50, or to limits.tasks."
    ),
    limits: field(
      Limits,
      defaultLimits,
      "Raises the upper bounds of default_concurrency, max_tasks_per_run and default_timeout_sec."
    ),
    idle_timeout_sec: optionalField(
      integerBetween(10, absoluteMaxima.timeoutSec),
      "End a task whose Codex printed no event for so many seconds. Off if absent."
    ),
    allow_read_only_commands: field(Schema.Boolean, true, "Allow the built-in read-only commands (ls, cat, rg …) too."),
    protected_paths: field(
      Schema.Array(glob),
      [],
      "Globs of what no task may ever change, added to .git/**, **/.git/**, .codex/**, .agents/** and .mcp-codex.json."
    ),
    disposable_paths: field(
      Schema.Array(glob),
      [
        "**/__pycache__/**",
        "**/.pytest_cache/**",
        "**/.ruff_cache/**",
        "**/.mypy_cache/**",
        "**/coverage/**",
        "**/*.tsbuildinfo"
      ],
      "Globs of what tools leave behind: kept out of patches and of the rules for paths, but listed."
    ),
    enforcement: field(
      Schema.Literal("required", "audit"),
      "required",
      "required: refuse to run where denial before execution can't be proven; audit: run, check afterwards, say so."
    ),
    setup: field(
      Schema.Struct({
        copy: field(
          Schema.Array(copyPath),
          [],
          "Ignored files or folders to copy from the checkout (node_modules, .env.test)."
        ),
        commands: field(Schema.Array(setupCommand), [], "Trusted commands to run after the copying (npm ci).")
      }),
      { copy: [], commands: [] },
      "Done in each fresh worktree before Codex starts."
    ),
    codex_config: field(
      Schema.Array(codexOverride),
      [],
      "key=value pairs handed to Codex as -c: model* (no *_file), model_providers.* (no auth), service_tier."
    ),
    codex_user_config: field(
      Schema.Literal("ignore", "inherit"),
      "ignore",
      "Whether Codex reads the user's own config.toml."
    ),
    env_passthrough: field(
      Schema.Array(text(passthroughFault, variableName)),
      [],
      "Names of further environment variables for Codex itself (a provider's key), never for the model's commands."
    ),
    command_env: field(
      Schema.Record({
        key: text(commandVariableFault, variableName),
        value: text((value) => value.includes("\0") ? "a NUL byte can't be part of a value" : undefined, {})
      }),
      {},
      "Further environment variables for the model's commands (JAVA_HOME, CI); names of secrets are refused."
    ),
    keep_worktrees: field(KeepWorktrees, "never", "Which tasks' worktrees stay after the run."),
    state_dir: optionalField(
      stateDir,
      "Where runs are kept: an absolute path, or one that starts with ~/. Default $XDG_STATE_HOME/codex-runner."
    )
  })

/** The schema that is published: with the widest ranges any `limits` can allow. */
export const RunnerConfigFile = runnerConfigFile(widestLimits)

/** The file as written: every field optional. */
export type RunnerConfigInput = typeof RunnerConfigFile.Encoded

/** The file as read, defaults filled. */
export interface RunnerConfigData extends Omit<typeof RunnerConfigFile.Type, "$schema" | "sandbox_mode"> {
  readonly sandbox_mode: SandboxMode
}
