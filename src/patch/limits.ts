/** How much of a task's work goes into its patch. */
import { chmodSync, lstatSync, readlinkSync } from "node:fs"

/** What one task may add to a patch. */
export const captureLimits = { fileBytes: 100 * 1024 * 1024, totalBytes: 512 * 1024 * 1024, files: 50_000 } as const

/** Which of the changed paths go into the patch, by what `lstat` says of each. */
export const takeWithinLimits = (root: string, gone: ReadonlySet<string>, candidates: ReadonlyArray<string>) => {
  const deleted: Array<string> = []
  const written: Array<string> = []
  const tooLarge: Array<string> = []
  const hardLinks: Array<string> = []
  const links = new Map<string, string>()
  let bytes = 0
  let passedOver = 0
  for (const path of candidates) {
    const place = `${root}/${path}`
    const stats = gone.has(path) ? undefined : lstatSync(place)
    if (stats !== undefined && stats.isFile()) {
      if (stats.size > captureLimits.fileBytes) {
        tooLarge.push(path)
        continue
      }
      if (stats.nlink > 1) hardLinks.push(path)
      else if ((stats.mode & 0o400) === 0) chmodSync(place, stats.mode | 0o400)
      bytes += stats.size
    }
    if (stats?.isSymbolicLink() === true) links.set(path, readlinkSync(place))
    if (bytes > captureLimits.totalBytes || deleted.length + written.length >= captureLimits.files) passedOver += 1
    else if (stats === undefined) deleted.push(path)
    else written.push(path)
  }
  const overflow = passedOver === 0
    ? []
    : [`${passedOver} files are beyond the cap of ${captureLimits.files} files or ${captureLimits.totalBytes} bytes`]
  return { deleted, written, tooLarge, hardLinks, links, overflow }
}
