/** How much of a task's work goes into its patch. */
import { chmodSync, lstatSync, readlinkSync } from "node:fs"

export interface CaptureLimits {
  readonly fileBytes: number
  readonly totalBytes: number
  readonly files: number
}

/** What one task may add to a patch. */
export const captureLimits: CaptureLimits = {
  fileBytes: 100 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  files: 50_000
}

/** Which of the changed paths go into the patch, by what `lstat` says of each. */
export const takeWithinLimits = (
  root: string,
  gone: ReadonlySet<string>,
  candidates: ReadonlyArray<string>,
  limits: CaptureLimits = captureLimits
) => {
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
      if (stats.size > limits.fileBytes) {
        tooLarge.push(path)
        continue
      }
      if (stats.nlink > 1) hardLinks.push(path)
      else if ((stats.mode & 0o400) === 0) chmodSync(place, stats.mode | 0o400)
      bytes += stats.size
    }
    if (stats?.isSymbolicLink() === true) links.set(path, readlinkSync(place))
    if (bytes > limits.totalBytes || deleted.length + written.length >= limits.files) passedOver += 1
    else if (stats === undefined) deleted.push(path)
    else written.push(path)
  }
  const overflow = passedOver === 0
    ? []
    : [`${passedOver} files are beyond the cap of ${limits.files} files or ${limits.totalBytes} bytes`]
  return { deleted, written, tooLarge, hardLinks, links, overflow }
}
