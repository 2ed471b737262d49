/** What a run's commands can't read, and whether they are kept from it at all. */
import * as Either from "effect/Either"
import type { CodexSession } from "../codex/Codex.ts"
import type { RunnerConfigData } from "../config/RunnerConfigFile.ts"
import type { ArmedGate } from "../gate/Gate.ts"
import type { Repository } from "../git/Repository.ts"
import { look } from "../policy/commandHost.ts"
import { deniedReads } from "../policy/deniedReads.ts"
import type { HostEnvironment } from "../policy/environment.ts"
import type { Layout } from "../store/stateFolder.ts"

/** The denied files and folders, by their real paths; or why commands can read everything. */
export const confinedReads = (options: {
  readonly config: RunnerConfigData
  /** Null where nothing was proven. */
  readonly gate: ArmedGate | null
  readonly host: HostEnvironment
  readonly layout: Layout
  readonly repository: Repository
  readonly session: CodexSession
}): Either.Either<ReadonlyArray<string>, ReadonlyArray<string>> => {
  const { config, gate, host, layout, repository, session } = options
  if (gate === null) return Either.left(["nothing was proven of Codex's sandbox"])
  if (config.sandbox_mode !== "workspace-write") return Either.left([`sandbox_mode is "${config.sandbox_mode}"`])
  if (gate.openReads.length > 0) return Either.left(gate.openReads)
  const { denied, exposed } = deniedReads({
    env: host,
    folders: [layout.state],
    needed: [
      repository.commonDir,
      process.execPath,
      ...(session.subject === null ? [] : [session.subject.binary.path]),
      ...session.searchPath.split(":")
    ],
    look
  })
  return exposed.length === 0 ? Either.right(denied) : Either.left(exposed.map((one) => `commands need ${one}`))
}
