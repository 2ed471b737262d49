/** Which paths lie inside the worktree, once every symlink is followed. */
import { dirname, join } from "node:path"
import type { Place } from "./model.ts"
import { refuse, shown } from "./model.ts"

export const isWithin = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`)

/**
 * Where a path leads, as the kernel follows it: `..` after a symlink leaves the
 * symlink's target. What doesn't exist is placed under its nearest existing
 * folder; undefined where that can't be told.
 */
const follow = ({ cwd, host }: Place, path: string): string | undefined => {
  let real = path.startsWith("/") ? "/" : cwd
  let missing = false
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue
    if (part === "..") {
      if (missing) return undefined
      real = dirname(real)
      continue
    }
    const next = join(real, part)
    const found: string | undefined = missing ? undefined : host.realpath(next)
    missing = found === undefined
    real = found ?? next
  }
  return real
}

/** The real path inside the worktree that `path` leads to; undefined where it leads out. */
export const resolveInside = (place: Place, path: string): string | undefined => {
  if (path.includes("\0")) return undefined
  // One question instead of one for each folder, where that has the same meaning.
  const quick = path.split("/").includes("..")
    ? undefined
    : place.host.realpath(path.startsWith("/") ? path : join(place.cwd, path))
  const real = quick ?? follow(place, path)
  return real !== undefined && isWithin(place.worktree, real) ? real : undefined
}

/** Returns the path as written, or refuses it. */
export const requireInside = (place: Place, path: string): string =>
  resolveInside(place, path) === undefined
    ? refuse(`The path ${JSON.stringify(shown(path))} leads outside the worktree; use paths inside it.`)
    : path
