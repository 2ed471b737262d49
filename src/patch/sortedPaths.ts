/** Paths in order, so that a folder's are found without looking at all of them: a task may leave a great many of both. */

export const sortPaths = (paths: Iterable<string>): ReadonlyArray<string> => [...paths].sort()

/** Where the first path that is not before `text` stands. */
const indexFrom = (sorted: ReadonlyArray<string>, text: string): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? "") < text) low = middle + 1
    else high = middle
  }
  return low
}

/** The paths below a folder. `0` is the character after `/`. */
export const pathsUnder = (sorted: ReadonlyArray<string>, folder: string): ReadonlyArray<string> =>
  sorted.slice(indexFrom(sorted, `${folder}/`), indexFrom(sorted, `${folder}0`))
