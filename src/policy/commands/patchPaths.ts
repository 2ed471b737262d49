/**
 * The files that a patch in Codex's format names. Codex reads its headers
 * leniently (padding is trimmed, a padded header may end the file before it);
 * here whatever could be read in two ways is refused, so that what the path
 * rules judge is what gets applied.
 */
export interface PatchChange {
  /** As written: relative to the folder that the patch is applied in. */
  readonly path: string
  readonly kind: "add" | "update" | "delete"
  readonly movedTo?: string
}

export type PatchPaths =
  | { readonly ok: true; readonly changes: ReadonlyArray<PatchChange> }
  | { readonly ok: false; readonly reason: string }

const BEGIN = "*** Begin Patch"
const END = "*** End Patch"
const MOVE = "*** Move to: "
const HEADERS = [["*** Add File: ", "add"], ["*** Update File: ", "update"], ["*** Delete File: ", "delete"]] as const

/** All that JavaScript or Rust takes for white space. */
const PADDING = String.raw`[\s\u0085\uFEFF]`
const MARKER = new RegExp(`^${PADDING}*\\*\\*\\*`)
const PADDED = new RegExp(`^${PADDING}|${PADDING}$`)
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u

const isPath = (path: string): boolean => path !== "" && !PADDED.test(path) && !UNPRINTABLE.test(path)

const at = (line: number, what: string): PatchPaths => ({
  ok: false,
  reason: `Line ${line + 1} of the patch: ${what}`
})

/** Whether a line is content of the file before it. */
const isContent = (kind: PatchChange["kind"], line: string): boolean =>
  kind === "add"
    ? line.startsWith("+")
    : kind === "update" && (line === "*** End of File" || (/^(?:[ +-]|@@|\r?$)/.test(line) && !MARKER.test(line)))

/** Reads the headers of a patch; anything unexpected makes it not ok. */
export const parsePatchPaths = (patch: string): PatchPaths => {
  const lines = patch.split("\n")
  if (lines[0] !== BEGIN) return at(0, `must be "${BEGIN}".`)
  const last = lines.findLastIndex((line) => line !== "")
  if (last === 0 || lines[last] !== END) return at(last, `must be "${END}".`)
  const changes: Array<PatchChange> = []
  for (let index = 1; index < last; index++) {
    const line = lines[index] ?? ""
    const current = changes[changes.length - 1]
    if (current !== undefined && isContent(current.kind, line)) continue
    if (
      current?.kind === "update" && line.startsWith(MOVE) && lines[index - 1] === `*** Update File: ${current.path}`
    ) {
      const movedTo = line.slice(MOVE.length)
      if (!isPath(movedTo)) return at(index, "the path to move to is empty, padded or unprintable.")
      changes[changes.length - 1] = { ...current, movedTo }
      continue
    }
    const header = HEADERS.find(([text]) => line.startsWith(text))
    if (header === undefined) {
      return at(
        index,
        `"*** Add File: ", "*** Update File: " or "*** Delete File: " expected, at the start of the line.`
      )
    }
    const path = line.slice(header[0].length)
    if (!isPath(path)) return at(index, "the path is empty, padded or unprintable.")
    changes.push({ path, kind: header[1] })
  }
  return changes.length === 0 ? at(1, "the patch names no file.") : { ok: true, changes }
}
