/** The environment of Codex, and that of the commands that the model runs. Pure and free of Effect. */
import * as path from "node:path"
import { isSecretName } from "../config/variables.ts"

export { isSecretName } from "../config/variables.ts"

export type HostEnvironment = Readonly<Record<string, string | undefined>>
export type Environment = Readonly<Record<string, string>>

const codexNames = [
  "PATH",
  "HOME",
  "USER",
  "LANG",
  "LC_ALL",
  "TERM",
  "SHELL",
  "TMPDIR",
  "NODE_ENV",
  "CODEX_HOME",
  "CODEX_API_KEY",
  // Proxies and certificates; tools disagree on the case.
  ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "CODEX_CA_CERTIFICATE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE"
]

const commandNames = ["USER", "LANG", "LC_ALL", "TERM", "NODE_ENV"]

/** No repository that the model plants can make git run anything. */
const hardenedGit: Environment = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_COUNT: "3",
  GIT_CONFIG_KEY_0: "safe.bareRepository",
  GIT_CONFIG_VALUE_0: "explicit",
  GIT_CONFIG_KEY_1: "core.fsmonitor",
  GIT_CONFIG_VALUE_1: "false",
  GIT_CONFIG_KEY_2: "core.hooksPath",
  GIT_CONFIG_VALUE_2: "/dev/null",
  GIT_PAGER: "cat"
}

const pick = (host: HostEnvironment, names: ReadonlyArray<string>): Environment =>
  Object.fromEntries(names.flatMap((name) => {
    const value = host[name]
    return value === undefined ? [] : [[name, value]]
  }))

export interface CodexEnvironmentOptions {
  /** Names of further variables. */
  readonly passthrough: ReadonlyArray<string>
  /** Codex's own folder for this run; null leaves the user's. */
  readonly codexHome: string | null
}

/** For the Codex process itself. */
export const codexEnvironment = (host: HostEnvironment, options: CodexEnvironmentOptions): Environment => ({
  ...pick(host, [...codexNames, ...options.passthrough]),
  ...(options.codexHome === null ? {} : { CODEX_HOME: options.codexHome })
})

const tmpName = "tmp"

/**
 * A task's folder for temporary files, inside of its `HOME`: for each further folder that commands may write to, Codex
 * would make half a dozen mounts more in each of its sandboxes.
 */
export const tmpdirIn = (home: string): string => `${home}/${tmpName}`

/** What comes before each command, for any POSIX shell: until here `TMPDIR` was the sandbox's. */
export const intoTmpdir = `export TMPDIR="$HOME/${tmpName}"; `

/** Absolute paths, symlinks resolved. */
export interface CommandEnvironmentOptions {
  /** The model can write to these two. */
  readonly worktree: string
  readonly home: string
  /**
   * `TMPDIR` as a command starts, before {@link intoTmpdir}. What sets up Codex's sandbox has the command's
   * environment, is not in the sandbox itself, and keeps its books there: in a folder that commands can replace it
   * would follow their links, and make and delete files wherever they lead. Without a gate nothing tells commands of
   * another one: then it is their `HOME`, which they can't replace as a whole.
   */
  readonly sandboxTmpdir: string
  readonly commandEnv: Environment
}

/** For the model's commands. What the runner sets wins over `commandEnv`, and no secret's name passes. */
export const commandEnvironment = (host: HostEnvironment, options: CommandEnvironmentOptions): Environment => {
  const environment: Environment = {
    ...pick(host, commandNames),
    ...options.commandEnv,
    PATH: searchPath(host["PATH"] ?? "", [options.worktree, options.home]),
    HOME: options.home,
    TMPDIR: options.sandboxTmpdir,
    // Below 2, a bash whose standard input is a socket takes itself for a remote login and reads ~/.bashrc.
    SHLVL: "1",
    // Where a zsh, which any call may ask for, looks for what it runs before the call: not in the model's own HOME.
    ZDOTDIR: "/dev/null",
    ...hardenedGit
  }
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecretName(name)))
}

/** Without one, a shell falls back on a path of its own making. */
const systemPath = "/usr/local/bin:/usr/bin:/bin"

/** Absolute folders alone (an empty one is the working folder), and none that the model can write to. */
const searchPath = (hostPath: string, writable: ReadonlyArray<string>): string => {
  const kept = hostPath.split(":").filter((entry) =>
    entry.startsWith("/") && !writable.some((folder) => isInside(entry, folder))
  )
  return kept.length === 0 ? systemPath : kept.join(":")
}

/** Case is ignored, as some file systems do: better one folder too few. */
const isInside = (entry: string, folder: string): boolean => {
  const relative = path.posix.relative(folder.toLowerCase(), path.posix.normalize(entry).toLowerCase())
  return relative !== ".." && !relative.startsWith("../")
}
