/** Rules for the paths and globs of a configuration or a request. Free of Effect, as commandEntry.ts is. */

const maxLength = 500

/** Also inside braces and groups: `{a,..}/b` would lead up as well. */
const parentFolder = /(^|[/{},()|!\\])\.\.($|[/{},()|\\])/

const absolute = /^([/\\]|~(\/|$)|[A-Za-z]:[/\\])/

const commonFault = (path: string): string | undefined => {
  if (path.trim() === "") return "an empty path matches nothing: write one relative to the repository's root"
  if (path.includes("\0")) return "a NUL byte can't be part of a path"
  if (path.length > maxLength) return `longer than ${maxLength} characters`
  if (absolute.test(path)) return "an absolute path: write it relative to the repository's root"
  return parentFolder.test(path)
    ? "\"..\" leads out of the repository: write it relative to the repository's root"
    : undefined
}

/** Why a text is no glob for paths of the repository; undefined where it is one. */
export const globFault = (glob: string): string | undefined => {
  const fault = commonFault(glob)
  if (fault !== undefined) return fault
  // Globs in a list add up, so "everything but this" would allow nearly everything.
  return /^!(?!\()/.test(glob)
    ? "\"!\" would match everything else: list what may change, and keep the rest out with protected_paths"
    : undefined
}

/** Why a path may not be copied from the checkout into a worktree; undefined where it may. */
export const copyPathFault = (path: string): string | undefined => {
  const fault = commonFault(path)
  if (fault !== undefined) return fault
  const segments = path.split(/[/\\]/).filter((segment) => segment !== "" && segment !== ".")
  if (segments.length === 0) return "the whole checkout can't be copied: name the ignored files or folders"
  return segments.some((segment) => segment.toLowerCase() === ".git")
    ? "\".git\" can't be copied: each worktree has its own"
    : undefined
}
