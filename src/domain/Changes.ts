/** What a task changed, by path, as git stores it; and how paths are compared. */

export interface ChangedFile {
  readonly path: string
  /** Added, modified, deleted, or changed in type (file to symlink and the like). A rename is a deletion and an addition. */
  readonly status: "A" | "M" | "D" | "T"
  /** `100644`, `100755`, `120000` (symlink), `160000` (submodule), `000000` (none). */
  readonly oldMode: string
  readonly newMode: string
  /** Lines; null for binary content. */
  readonly added: number | null
  readonly deleted: number | null
}

/** One name for all spellings that a case-insensitive or normalising file system takes for the same. */
export const foldPath = (path: string): string => path.normalize("NFC").toLowerCase()

/** A path and each folder above it. */
export const withParents = (path: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) parts.push(path.slice(0, end))
  return parts
}
