/**
 * Files put in the place of others, all or none. Every new file lies ready on
 * the same file system, every old one is moved aside: each step is one rename,
 * so that whatever dies when, a file is the old one or the new one, and a
 * journal is enough to go back. Links in the checkout are never followed.
 */
import * as Schema from "effect/Schema"
import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, type Stats, unlinkSync } from "node:fs"
import * as path from "node:path"
import { withParents } from "../domain/Changes.ts"

/** Tells one file from another that took its place, or from itself once it was written to. */
export const Stamp = Schema.Struct({ inode: Schema.Number, size: Schema.Number, modified: Schema.Number })
export type Stamp = typeof Stamp.Type

export const SwapFile = Schema.Struct({
  /** Relative to the checkout's root. */
  path: Schema.String,
  /** The file that is there; null: none is. */
  old: Schema.NullOr(Stamp),
  /** The file that lies ready; null: none comes. */
  new: Schema.NullOr(Stamp)
})
export type SwapFile = typeof SwapFile.Type

export const Swap = Schema.Struct({
  root: Schema.String,
  /** With `new/`, by path, and `old/`, by number. On the file system of the checkout. */
  area: Schema.String,
  files: Schema.Array(SwapFile)
})
export type Swap = typeof Swap.Type

export class SwapRefused extends Schema.TaggedError<SwapRefused>()("SwapRefused", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${JSON.stringify(this.path)}: ${this.reason}`
  }
}

/** What is at a path itself; undefined where nothing is, or a file or a circle of links where a folder would have to be. */
export const statAt = (file: string): Stats | undefined => {
  try {
    return lstatSync(file, { throwIfNoEntry: false })
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOTDIR" || cause.code === "ELOOP")) {
      return undefined
    }
    throw cause
  }
}

/** null where there is nothing, or no file or link. */
export const stampOf = (file: string): Stamp | null => {
  const stats = statAt(file)
  return stats === undefined || stats.isDirectory()
    ? null
    : { inode: stats.ino, size: stats.size, modified: stats.mtimeMs }
}

export const sameStamp = (a: Stamp | null, b: Stamp | null): boolean =>
  a?.inode === b?.inode && a?.size === b?.size && a?.modified === b?.modified

const readyAt = ({ area }: Swap, file: SwapFile): string => path.join(area, "new", file.path)
const asideAt = ({ area }: Swap, number: number): string => path.join(area, "old", String(number))
const isThere = (file: string): boolean => statAt(file) !== undefined

/** Step by step, each of them whole or not done. Throws where the checkout is no longer as it was looked at. */
export function* swapSteps(swap: Swap): Generator<void, void> {
  for (const [number, file] of swap.files.entries()) {
    if (file.old === null) continue
    const place = path.join(swap.root, file.path)
    if (!sameStamp(stampOf(place), file.old)) throw changed(file)
    renameSync(place, asideAt(swap, number))
    yield
  }
  for (const file of swap.files) {
    if (file.new === null) continue
    const place = path.join(swap.root, file.path)
    makeParents(swap.root, file)
    removeEmptyFolders(place)
    if (isThere(place)) throw changed(file)
    renameSync(readyAt(swap, file), place)
    yield
  }
  for (const file of swap.files) if (file.new === null) pruneParents(swap.root, file)
}

const changed = (file: SwapFile) => new SwapRefused({ path: file.path, reason: "it was changed meanwhile." })

/**
 * Undoes as many of the steps as were done. What somebody has changed since is
 * left as it is; gives the paths for which, because of that, the old file stays
 * aside.
 */
export const swapBack = (swap: Swap): ReadonlyArray<string> => {
  for (const file of swap.files) {
    const place = path.join(swap.root, file.path)
    const placed = file.new !== null && !isThere(readyAt(swap, file))
    if (!placed || !sameStamp(stampOf(place), file.new)) continue
    unlinkSync(place)
    pruneParents(swap.root, file)
  }
  return swap.files.flatMap((file, number) => {
    const aside = asideAt(swap, number)
    if (!isThere(aside)) return []
    const place = path.join(swap.root, file.path)
    try {
      makeParents(swap.root, file)
      if (isThere(place)) return [file.path]
      renameSync(aside, place)
      return []
    } catch {
      return [file.path]
    }
  })
}

/** The folders above a file, from the root down. */
const parentsOf = (file: SwapFile): ReadonlyArray<string> => withParents(file.path).slice(1).reverse()

const makeParents = (root: string, file: SwapFile): void => {
  for (const parent of parentsOf(file)) {
    const folder = path.join(root, parent)
    const stats = statAt(folder)
    if (stats === undefined) mkdirSync(folder)
    else if (!stats.isDirectory()) throw new SwapRefused({ path: file.path, reason: `${parent} is no folder.` })
  }
}

/** A folder that holds nothing but folders that hold nothing. */
const removeEmptyFolders = (folder: string): void => {
  if (statAt(folder)?.isDirectory() !== true) return
  for (const name of readdirSync(folder)) removeEmptyFolders(path.join(folder, name))
  rmdirSync(folder)
}

/** The folders above that are empty now; git keeps none. */
const pruneParents = (root: string, file: SwapFile): void => {
  for (const parent of parentsOf(file).toReversed()) {
    const folder = path.join(root, parent)
    try {
      // Not through a link: that would be another folder.
      if (statAt(folder)?.isDirectory() === true) rmdirSync(folder)
    } catch {
      return
    }
  }
}
