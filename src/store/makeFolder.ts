/** Folders made where a user asks for them. */
import { mkdirSync, statSync } from "node:fs"
import * as path from "node:path"

const isFolder = (place: string): boolean => statSync(place, { throwIfNoEntry: false })?.isDirectory() === true

/**
 * Makes a folder and those above it, for this user alone. Throws as `mkdirSync` does: Node's own recursive one tries for
 * ever where a file system says ENOENT to what it will not make, as `/proc` does.
 */
export const makeFolder = (folder: string): void => {
  if (isFolder(folder)) return
  const parent = path.dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    // Another runner may have been quicker.
    if (!isFolder(folder)) throw cause
  }
}
