/** Where codex-runner keeps what it must not lose, and why some places are refused. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { realpathSync } from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { reasonOf } from "../domain/reasonOf.ts"
import { safeName } from "../domain/Task.ts"
import type { Repository } from "../git/Repository.ts"
import { makeFolder } from "./makeFolder.ts"

export class StateFolderRefused extends Schema.TaggedError<StateFolderRefused>()("StateFolderRefused", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the state folder ${this.folder} can't be used: ${this.reason}`
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** `state_dir`, else the XDG state folder. */
export const stateFolder = (configured: string | undefined, host: Environment): string => {
  const home = host["HOME"] ?? os.homedir()
  if (configured !== undefined) return path.resolve(configured.replace(/^~(?=\/|$)/, home))
  const xdg = host["XDG_STATE_HOME"]
  return path.join(xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(home, ".local", "state"), "codex-runner")
}

const isInside = (folder: string, parent: string): boolean => folder === parent || folder.startsWith(`${parent}/`)

/** Symlinks resolved, as far down as there is anything yet. */
const resolved = (folder: string): string => {
  try {
    return realpathSync(folder)
  } catch {
    const parent = path.dirname(folder)
    return parent === folder ? folder : path.join(resolved(parent), path.basename(folder))
  }
}

/**
 * Makes the folder, once it is sure that no task can write to it: Codex's
 * sandbox takes the temp folders for writable, and the checkout is the user's.
 * `CODEX_RUNNER_ALLOW_TEMP_STATE=1` lifts the first rule, for tests.
 */
export const openStateFolder = Effect.fn("RunStore.openStateFolder")(
  function*(folder: string, repository: Repository, host: Environment) {
    const refuse = (reason: string) => new StateFolderRefused({ folder, reason })
    const real = resolved(folder)
    const temps = ["/tmp", "/var/tmp", os.tmpdir(), host["TMPDIR"]].flatMap((temp) =>
      temp === undefined ? [] : [resolved(temp)]
    )
    if (host["CODEX_RUNNER_ALLOW_TEMP_STATE"] !== "1" && temps.some((temp) => isInside(real, temp))) {
      return yield* refuse(
        "it lies under a temp folder, which Codex's sandbox lets commands write to. Set state_dir or XDG_STATE_HOME to another place"
      )
    }
    if ([repository.root, repository.commonDir].some((place) => isInside(real, place))) {
      return yield* refuse("it lies inside the repository. Set state_dir or XDG_STATE_HOME to a place outside")
    }
    return yield* Effect.try({
      try: () => {
        makeFolder(real)
        return real
      },
      catch: (cause) => refuse(`it can't be made: ${reasonOf(cause)}`)
    })
  }
)

/** The places of one repository in the state folder, and of one task among them. */
export interface Layout {
  /** The state folder itself, which all repositories share. */
  readonly state: string
  readonly root: string
  readonly runs: string
  readonly trash: string
  readonly lock: string
}

export const layoutOf = (state: string, repository: Repository): Layout => {
  const key = createHash("sha256").update(repository.commonDir).digest("hex").slice(0, 12)
  // By what all of a repository's worktrees share, so that a run is found from each of them.
  const home = path.basename(repository.commonDir) === ".git"
    ? path.dirname(repository.commonDir)
    : repository.commonDir
  const name = path.basename(home).replace(/[^A-Za-z0-9._-]/g, "_")
  const root = path.join(state, `${name}-${key}`)
  return { state, root, runs: `${root}/runs`, trash: `${root}/trash`, lock: `${root}/lock` }
}

export const runFolder = (layout: Layout, runId: string): string => `${layout.runs}/${safeName(runId)}`

/** A review's: it is gone with the review. */
export const reviewFolder = (layout: Layout, runId: string): string => `${layout.root}/reviews/${safeName(runId)}`

/** Codex's home for a run that needs no login. No task can write to a run's folder. */
export const codexHomeOf = (layout: Layout, runId: string): string => `${runFolder(layout, runId)}/codex-home`

export const taskFolder = (layout: Layout, runId: string, taskId: string): string =>
  `${runFolder(layout, runId)}/tasks/${safeName(taskId)}`

/** What a run's tasks have beside its record, each kind in a folder of the run's own. */
export const runPlaces = (layout: Layout, runId: string) => {
  const run = safeName(runId)
  return {
    worktrees: `${layout.root}/worktrees/${run}`,
    gitDirs: `${layout.root}/git/${run}`,
    scratch: `${layout.root}/scratch/${run}`
  }
}

/** The run's folder around it keeps `a-b` of run `x` apart from `b` of run `x-a`. */
export const worktreePlaces = (layout: Layout, runId: string, taskId: string) => {
  const { gitDirs, scratch, worktrees } = runPlaces(layout, runId)
  const name = `${safeName(runId)}-${safeName(taskId)}`
  return {
    worktree: `${worktrees}/${name}`,
    gitDir: `${gitDirs}/${name}.git`,
    scratch: `${scratch}/${name}`,
    trash: layout.trash,
    lock: layout.lock
  }
}

export const refOf = (runId: string, taskId: string): string =>
  `refs/codex-runner/${safeName(runId)}/${safeName(taskId)}`
