/**
 * How Codex will authenticate, found out without network, and which Codex home
 * follows from it. A login must be used where it is: a copy would break the
 * renewal of its token. In every other case the run gets a home of its own.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as path from "node:path"
import { Processes } from "../process/Processes.ts"
import type { CodexBinary } from "./locate.ts"

export type Authentication =
  | { readonly _tag: "ApiKey" }
  | { readonly _tag: "CustomProvider" }
  | { readonly _tag: "Login"; readonly codexHome: string }

/** Codex has no way to log in. */
export class NotAuthenticated extends Schema.TaggedError<NotAuthenticated>()("NotAuthenticated", {
  detail: Schema.String
}) {
  override get message(): string {
    const said = "No Codex authentication found. Set CODEX_API_KEY environment variable or run 'codex login'."
    return this.detail === "" ? said : `${said} ${this.detail}`
  }
}

const usesCustomProvider = (codexConfig: ReadonlyArray<string>): boolean =>
  codexConfig.some((entry) => /^\s*model_provider\s*=/.test(entry)) &&
  codexConfig.some((entry) => /^\s*model_providers\b/.test(entry))

/** Codex's home as Codex finds it. */
export const usersCodexHome = (host: Readonly<Record<string, string | undefined>>): string => {
  const set = host["CODEX_HOME"] ?? ""
  return path.resolve(set === "" ? path.join(host["HOME"] ?? "/", ".codex") : set)
}

export const findAuthentication = Effect.fn("Codex.findAuthentication")(function*(options: {
  readonly binary: CodexBinary
  readonly codexConfig: ReadonlyArray<string>
  readonly host: Readonly<Record<string, string | undefined>>
  /** Codex's environment without a Codex home. */
  readonly env: Readonly<Record<string, string>>
}) {
  const { host } = options
  if ((host["CODEX_API_KEY"] ?? "") !== "") return { _tag: "ApiKey" } satisfies Authentication
  if (usesCustomProvider(options.codexConfig)) return { _tag: "CustomProvider" } satisfies Authentication
  const processes = yield* Processes
  const codexHome = usersCodexHome(host)
  const status = yield* processes.run({
    command: options.binary.path,
    args: ["login", "status"],
    cwd: "/",
    env: { ...options.env, CODEX_HOME: codexHome },
    timeout: "20 seconds",
    maxOutputBytes: 1024 * 1024
  }).pipe(Effect.mapError((error) => new NotAuthenticated({ detail: error.message })))
  if (status.code === 0) return { _tag: "Login", codexHome } satisfies Authentication
  const hint = (host["OPENAI_API_KEY"] ?? "") === ""
    ? ""
    : "(OPENAI_API_KEY is set, but `codex exec` does not read it: export it as CODEX_API_KEY.)"
  return yield* new NotAuthenticated({ detail: hint })
})
