/**
 * The command line of one `codex exec`, as a pure function of what is asked and
 * of what the binary can do. Everything that Codex could load, start or reach
 * beyond the task is switched off by name.
 */
import type { SandboxMode } from "../config/RunnerConfig.ts"
import type { CodexTraits } from "./probe.ts"
import { compareVersions } from "./probe.ts"

/** What the gate adds to an invocation, so that Codex asks it before each tool use. */
export interface GateArguments {
  readonly config: ReadonlyArray<string>
}

export interface Invocation {
  readonly traits: CodexTraits
  readonly prompt: string
  readonly worktree: string
  /** The user's checkout: never trusted through a run. */
  readonly checkout: string
  readonly sandbox: SandboxMode
  readonly network: boolean
  /** Folders that commands may write to beside the worktree. */
  readonly writableRoots: ReadonlyArray<string>
  /**
   * Files and folders that commands can't read, by their real paths; what they may write to can lie in them. Absent
   * where reads are not confined. Taken with the sandbox `workspace-write` alone.
   */
  readonly unreadable?: ReadonlyArray<string>
  /** The whole environment of the model's commands. */
  readonly commandEnvironment: Readonly<Record<string, string>>
  readonly developerInstructions: string
  readonly model: string | undefined
  readonly ephemeral: boolean
  readonly inheritUserConfig: boolean
  /** Whether Codex runs in the user's own Codex home, where it could write trust. */
  readonly usersCodexHome: boolean
  readonly codexConfig: ReadonlyArray<string>
  /** Whether there may be guidance in the worktree, `AGENTS.md` as a rule. */
  readonly guided: boolean
  readonly outputSchema?: string
  /** A thread of Codex's to go on with; a new one where absent. */
  readonly thread?: string
  readonly gate?: GateArguments
}

export interface CommandLine {
  readonly args: ReadonlyArray<string>
  /** The prompt, where it can't be an argument. */
  readonly stdin: string | undefined
}

/** Linux takes no single argument above 128 KiB. */
const longestArgument = 100_000

/** Features that load, start or offer something beyond the task; each is disabled where the binary has it. */
const unwantedFeatures = [
  "apps",
  "browser_use",
  "browser_use_external",
  "computer_use",
  "daemon_auto_start",
  "goals",
  "image_generation",
  "in_app_browser",
  "multi_agent",
  "plugins",
  "remote_plugin",
  "shell_snapshot",
  "skill_mcp_dependency_install",
  "tool_suggest",
  "unified_exec_tty",
  "view_image"
]

/** What switches them off, on any of Codex's subcommands. */
export const withoutUnwanted = (traits: CodexTraits): ReadonlyArray<string> =>
  unwantedFeatures.filter((name) => traits.features.includes(name)).flatMap((name) => ["--disable", name])

/** A value as TOML takes it inline. */
export const toml = (value: unknown): string => {
  // TOML knows no half of a surrogate pair, and wants DEL escaped.
  if (typeof value === "string") return JSON.stringify(value.toWellFormed()).replaceAll("\u007f", "\\u007F")
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (Array.isArray(value)) return `[${value.map(toml).join(",")}]`
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value).map(([key, inner]) => `${toml(key)}=${toml(inner)}`).join(",")}}`
  }
  throw new TypeError("no TOML for this value")
}

/** Of no other profile: where Codex reads the user's own file, two of one name would be merged. */
const profileName = "codex-runner-task"

interface Sandbox {
  readonly flags: ReadonlyArray<string>
  readonly settings: ReadonlyArray<readonly [string, unknown]>
}

/**
 * What confines the model's commands. The modes of `-s` let them read everything, and would silently win over a
 * permission profile; so there is either the one or the other.
 */
const sandboxOf = ({ network, sandbox, unreadable, worktree, writableRoots }: Invocation): Sandbox => {
  if (unreadable === undefined || sandbox !== "workspace-write") {
    return {
      flags: ["-s", sandbox],
      settings: [
        ["sandbox_workspace_write.exclude_slash_tmp", true],
        ["sandbox_workspace_write.exclude_tmpdir_env_var", true],
        ["sandbox_workspace_write.writable_roots", writableRoots],
        ["sandbox_workspace_write.network_access", network]
      ]
    }
  }
  const access = (places: ReadonlyArray<string>, mode: string) =>
    Object.fromEntries(places.map((place) => [place, mode]))
  const filesystem = {
    ":root": "read",
    ...access(unreadable, "deny"),
    // Inside of what is denied nothing but "write" opens a folder again.
    ...access([worktree, ...writableRoots], "write")
  }
  return {
    flags: [],
    settings: [
      ["default_permissions", profileName],
      ["permissions", { [profileName]: { filesystem, network: { enabled: network } } }],
      // The worktree is its own root. Looking for one further up, in the sandbox, Codex leaves processes that never end.
      ["project_root_markers", []]
    ]
  }
}

export const commandLine = (invocation: Invocation): CommandLine => {
  const { traits } = invocation
  const atLeast = (version: string) => compareVersions(traits.version, version) >= 0
  const sandbox = sandboxOf(invocation)
  const settings: ReadonlyArray<readonly [string, unknown] | false> = [
    ...sandbox.settings,
    ["shell_environment_policy", { inherit: "none", set: invocation.commandEnvironment }],
    ["allow_login_shell", false],
    ["web_search", "disabled"],
    ["agents.enabled", false],
    ["skills.include_instructions", false],
    ["skills.bundled.enabled", false],
    // Where reads are confined, each file that Codex looks for itself costs it a sandbox of its own.
    !invocation.guided && !invocation.inheritUserConfig && ["project_doc_max_bytes", 0],
    // Codex before 0.169 writes trust into its home unless told otherwise; a home of the run's own may have it.
    invocation.usersCodexHome && !atLeast("0.169.0") && [
      "projects",
      Object.fromEntries(
        [invocation.worktree, invocation.checkout].map((folder) => [folder, { trust_level: "untrusted" }])
      )
    ],
    ["developer_instructions", invocation.developerInstructions]
  ]
  // A prompt of "-" alone would be taken for standard input.
  const byArgument = invocation.prompt !== "-" && Buffer.byteLength(invocation.prompt) <= longestArgument
  return {
    args: [
      "exec",
      "--json",
      "--color",
      "never",
      ...(invocation.ephemeral ? ["--ephemeral"] : []),
      // The user's own file may hold keys that this Codex doesn't know: strictness is for ours alone.
      ...(invocation.inheritUserConfig ? [] : ["--ignore-user-config", "--strict-config"]),
      "--ignore-rules",
      "-C",
      invocation.worktree,
      ...sandbox.flags,
      ...settings.flatMap((setting) => setting === false ? [] : ["-c", `${setting[0]}=${toml(setting[1])}`]),
      ...withoutUnwanted(traits),
      ...invocation.codexConfig.flatMap((entry) => ["-c", entry]),
      // A user's own configuration may have switched hooks off.
      ...(invocation.gate === undefined ? [] : ["--enable", "hooks"]),
      ...(invocation.gate?.config ?? []).flatMap((entry) => ["-c", entry]),
      ...(invocation.model === undefined ? [] : ["-m", invocation.model]),
      ...(invocation.outputSchema === undefined ? [] : ["--output-schema", invocation.outputSchema]),
      // What comes before the subcommand counts for it, too.
      ...(invocation.thread === undefined ? ["--"] : ["resume", "--", invocation.thread]),
      byArgument ? invocation.prompt : "-"
    ],
    stdin: byArgument ? undefined : invocation.prompt
  }
}
