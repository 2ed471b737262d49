/** Whether the repository's configuration may count in full: the user has trusted it, or it asks for nothing. */
import * as Effect from "effect/Effect"
import { type ConfigOrigin, RunnerConfig, trustedFields } from "../config/RunnerConfig.ts"
import type { TrustedField } from "../config/trust.ts"
import { type Problem, RunRejected } from "../domain/Problem.ts"
import type { Repository } from "../git/Repository.ts"
import { Host } from "../process/Host.ts"
import { openStateFolder, stateFolder } from "../store/stateFolder.ts"
import { isTrusted, trust } from "../store/trust.ts"

/** The user's own state folder, whatever the file says; never one that a task could write to. */
const trustFolder = Effect.fnUntraced(function*(repository: Repository) {
  const { env } = yield* Host
  return yield* openStateFolder(stateFolder(undefined, env), repository, env)
})

/** What of the configuration still waits for the user's trust. */
export const untrustedFields = Effect.fn("untrustedFields")(function*(repository: Repository) {
  const config = yield* RunnerConfig
  const fields = trustedFields(config)
  const { sha256 } = config.origin
  if (fields.length === 0 || sha256 === null) return []
  const known = yield* isTrusted(yield* trustFolder(repository), { repository: repository.root, sha256 })
  return known ? [] : fields
})

/** Trusts the file as it was read. */
export const trustConfiguration = Effect.fn("trustConfiguration")(
  function*(repository: Repository, { sha256 }: ConfigOrigin) {
    if (sha256 !== null) yield* trust(yield* trustFolder(repository), { repository: repository.root, sha256 })
  }
)

/** Refuses a run whose configuration asks for more than it is trusted with. */
export const requireTrust = Effect.fn("requireTrust")(function*(repository: Repository) {
  const fields = yield* untrustedFields(repository)
  if (fields.length > 0) return yield* new RunRejected({ problems: [untrusted(fields)] })
})

const untrusted = (fields: ReadonlyArray<TrustedField>): Problem => ({
  area: "environment",
  at: ".mcp-codex.json",
  // Values may hold secrets: the fields alone.
  message: `sets ${fields.map(({ field }) => field).join(", ")}, which ${
    fields.length === 1 ? "counts" : "count"
  } only in a file that you have trusted.`,
  remedy: "Look at it and trust it: codex-runner trust (or run with --trust-config)."
})
