/**
 * What no command of the model's may read, where Codex's sandbox can keep it
 * from that: credentials, and what codex-runner itself keeps. Pure: what is
 * there is asked of `look`.
 */
import * as path from "node:path"
import type { HostEnvironment } from "./environment.ts"

/** In the user's home. Named as narrowly as tools allow: a folder may hold programs beside its secrets. */
const inHome: ReadonlyArray<string> = [
  ".ssh",
  ".gnupg",
  ".password-store",
  ".netrc",
  "_netrc",
  ".git-credentials",
  ".npmrc",
  ".yarnrc",
  ".yarnrc.yml",
  ".pypirc",
  ".cargo/credentials",
  ".cargo/credentials.toml",
  ".gem/credentials",
  ".m2/settings.xml",
  ".m2/settings-security.xml",
  ".gradle/gradle.properties",
  ".composer/auth.json",
  ".nuget/NuGet/NuGet.Config",
  ".aws",
  ".azure",
  ".boto",
  ".s3cfg",
  ".kube",
  ".docker/config.json",
  ".docker/contexts",
  ".terraformrc",
  ".terraform.d/credentials.tfrc.json",
  ".pulumi/credentials.json",
  ".vault-token",
  ".databrickscfg",
  ".fly",
  ".oci",
  ".pgpass",
  ".my.cnf",
  ".codex",
  ".claude",
  ".claude.json",
  ".gemini",
  ".mozilla",
  ".thunderbird",
  ".bash_history",
  ".zsh_history",
  ".python_history",
  ".node_repl_history",
  ".psql_history",
  ".mysql_history",
  // macOS
  "Library/Keychains",
  "Library/Cookies",
  "Library/Safari",
  "Library/Application Support/Google/Chrome",
  "Library/Application Support/Chromium",
  "Library/Application Support/BraveSoftware",
  "Library/Application Support/Microsoft Edge",
  "Library/Application Support/Firefox",
  "Library/Application Support/com.apple.TCC"
]

/** In `$XDG_CONFIG_HOME`. */
const inConfig: ReadonlyArray<string> = [
  "gh",
  "glab-cli",
  "hub",
  "git/credentials",
  "gcloud",
  "rclone",
  "op",
  "doctl",
  "hcloud",
  "composer/auth.json",
  "containers/auth.json",
  "github-copilot",
  "google-chrome",
  "chromium",
  "BraveSoftware",
  "microsoft-edge",
  "vivaldi",
  "opera"
]

/** In `$XDG_DATA_HOME`. */
const inData: ReadonlyArray<string> = ["keyrings", "kwalletd", "opencode/auth.json"]

/** Variables that say where such things are, one path or several. */
const named: ReadonlyArray<string> = [
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AZURE_CONFIG_DIR",
  "BOTO_CONFIG",
  "CLOUDSDK_CONFIG",
  "CODEX_HOME",
  "DOCKER_CONFIG",
  "GH_CONFIG_DIR",
  "GNUPGHOME",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "KUBECONFIG",
  "NETRC",
  "NPM_CONFIG_USERCONFIG",
  "PGPASSFILE",
  "VAULT_TOKEN_PATH"
]

/** The machine's own, for whoever may read them. */
const ofTheMachine: ReadonlyArray<string> = ["/etc/shadow", "/etc/gshadow", "/run/secrets", "/var/run/secrets"]

/** What the rules ask of the machine. Neither may throw. */
export interface Look {
  /** The real path of a file or folder that can be read; undefined where there is none. */
  readonly find: (path: string) => string | undefined
  /** The names in a folder. */
  readonly list: (folder: string) => ReadonlyArray<string>
}

export interface DeniedReads {
  /** Real paths of files and folders that are there, none inside another. */
  readonly denied: ReadonlyArray<string>
  /** What should be among them and can't: commands need what is in it. */
  readonly exposed: ReadonlyArray<string>
}

const isInside = (place: string, folder: string): boolean =>
  place === folder || place.startsWith(folder.endsWith("/") ? folder : `${folder}/`)

/** Where credentials may be: absolute paths, there or not. */
const candidates = (env: HostEnvironment): ReadonlyArray<string> => {
  const home = env["HOME"] ?? ""
  const under = (folder: string, names: ReadonlyArray<string>) =>
    path.isAbsolute(folder) ? names.map((name) => path.join(folder, name)) : []
  const base = (variable: string, otherwise: string) => {
    const set = env[variable] ?? ""
    return path.isAbsolute(set) ? set : path.join(home, otherwise)
  }
  return [
    ...under(home, inHome),
    ...under(base("XDG_CONFIG_HOME", ".config"), inConfig),
    ...under(base("XDG_DATA_HOME", ".local/share"), inData),
    ...named.flatMap((name) => (env[name] ?? "").split(":").filter((entry) => path.isAbsolute(entry)))
      // A variable that names the home as such can't mean all that is in it.
      .filter((entry) => !isInside(home, path.resolve(entry))),
    ...ofTheMachine
  ]
}

/**
 * @param options.folders further folders: what codex-runner keeps
 * @param options.needed what commands must be able to read: programs, the repository's objects
 */
export const deniedReads = (options: {
  readonly env: HostEnvironment
  readonly folders: ReadonlyArray<string>
  readonly needed: ReadonlyArray<string>
  readonly look: Look
}): DeniedReads => {
  const { find, list } = options.look
  const needed = options.needed.flatMap((place) => find(place) ?? [])
  /** The place itself, or all in it that is not on the way to what is needed. */
  const around = (place: string): ReadonlyArray<string> => {
    const real = find(place)
    if (real === undefined || needed.includes(real)) return []
    if (!needed.some((one) => isInside(one, real))) return [real]
    return list(real).flatMap((name) => around(path.join(real, name)))
  }
  const wanted = [...candidates(options.env), ...options.folders]
  const all = [...new Set(wanted.flatMap(around))]
  const exposed = new Set(wanted.flatMap((place) => find(place) ?? []).filter((real) => needed.includes(real)))
  return {
    denied: all.filter((one) => !all.some((other) => other !== one && isInside(one, other))),
    exposed: [...exposed]
  }
}
