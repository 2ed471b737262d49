/** Which folder a call is about: the one it names, within the server's roots, else the one that the server is for. */
import * as Either from "effect/Either"
import { realpathSync } from "node:fs"
import * as path from "node:path"
import type { Problem } from "../domain/Problem.ts"
import { quotedShort } from "../domain/quoted.ts"

export interface ServerPlace {
  /** As `--root` gave them. */
  readonly roots: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder that the server was started in. */
  readonly directory: string
}

export interface Place {
  readonly directory: string
  /** Where its repository must lie; null where the folder is the server's own, and the repository around it is meant. */
  readonly within: ReadonlyArray<string> | null
  /** The server's own folder: the repository around it is within reach, too. */
  readonly start: string | undefined
}

const real = (folder: string): string | undefined => {
  try {
    return realpathSync(folder)
  } catch {
    return undefined
  }
}

export const isInside = (folder: string, parents: ReadonlyArray<string>): boolean =>
  parents.some((parent) => folder === parent || folder.startsWith(parent.endsWith("/") ? parent : `${parent}/`))

const problem = (message: string, remedy: string, area: Problem["area"] = "request"): Problem => ({
  area,
  at: "repo_dir",
  message,
  remedy
})

/** Symlinks are resolved before anything is compared. A root that is not there now holds nothing, and is no leave for more. */
export const placeOf = (server: ServerPlace, repoDir: string | undefined): Either.Either<Place, Problem> => {
  const own = server.env["CODEX_RUNNER_REPO"]
  const named = own === undefined || own === "" ? undefined : path.resolve(server.directory, own)
  const given = server.roots.map((root) => path.resolve(server.directory, root))
  const roots = given.flatMap((root) => real(root) ?? [])
  const directory = real(server.directory) ?? server.directory
  const start = named ??
    (given.length === 0 || isInside(directory, roots) ? directory : given.length === 1 ? roots[0] : undefined)
  if (repoDir === undefined) {
    if (start !== undefined) return Either.right({ directory: start, within: null, start })
    return Either.left(
      given.length === 1
        ? problem(`the root of this server, ${list(given)}, is not there.`, "Bring it back.", "environment")
        : problem("is missing, and the server was started for several roots.", `Name one in: ${list(given)}.`)
    )
  }
  const wanted = repoDir.includes("\0") ? undefined : real(path.resolve(start ?? directory, repoDir))
  const allowed = named === undefined ? roots : [...roots, real(named) ?? named]
  const within = given.length === 0 && named === undefined ? [directory] : allowed
  // Whether there is such a folder elsewhere is nothing that a client may find out.
  return wanted === undefined || !isInside(wanted, within)
    ? Either.left(problem(
      `${quotedShort(repoDir)} is no folder under the roots of this server.`,
      `Its roots: ${list(within.length === 0 ? given : within)}. The user can start it with --root DIR for another.`
    ))
    : Either.right({ directory: wanted, within, start })
}

const list = (roots: ReadonlyArray<string>): string =>
  `${roots.slice(0, 5).join(", ")}${roots.length > 5 ? `, and ${roots.length - 5} more` : ""}`
