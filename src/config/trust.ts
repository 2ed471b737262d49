/** Which fields of a repository's file count only once the user has trusted its content. */
import type { RunnerConfigData } from "./RunnerConfigFile.ts"

/** A field that needs trust, as the file has it. */
export interface TrustedField {
  readonly field: string
  /** What the file says, as JSON. For the user's own eyes: it may hold a secret. */
  readonly value: string
}

/**
 * The fields that run programs, hand over secrets or weaken enforcement. A
 * value that is the default asks for nothing.
 */
export const fieldsNeedingTrust = (file: RunnerConfigData, defaults: RunnerConfigData): ReadonlyArray<TrustedField> => {
  const asked: ReadonlyArray<readonly [field: string, value: unknown, byDefault: unknown]> = [
    // A bare name too: `sh` would run a file of the repository that is named like Codex's subcommand.
    ["codex_command", file.codex_command, defaults.codex_command],
    ["setup.commands", file.setup.commands, defaults.setup.commands],
    ["codex_config", file.codex_config, defaults.codex_config],
    ["codex_user_config", file.codex_user_config, defaults.codex_user_config],
    ["env_passthrough", file.env_passthrough, defaults.env_passthrough],
    ["command_env", file.command_env, defaults.command_env],
    ["state_dir", file.state_dir, defaults.state_dir],
    ["enforcement", file.enforcement, defaults.enforcement],
    ["sandbox_mode", file.sandbox_mode === "danger-full-access" ? file.sandbox_mode : undefined, undefined],
    ["limits", file.limits, defaults.limits]
  ]
  return asked.flatMap(([field, value, byDefault]) => {
    const text = JSON.stringify(value)
    return text === JSON.stringify(byDefault) ? [] : [{ field, value: text }]
  })
}
