/** Everything in a folder, byte for byte, so that two looks at it can be compared. */
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"

/** Mode and content by path; folders with nothing in them too. */
export const snapshotOf = (root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Fs.readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = Path.join(entry.parentPath, entry.name)
      const { mode } = Fs.lstatSync(path)
      const content = entry.isFile()
        ? createHash("sha256").update(Fs.readFileSync(path)).digest("hex").slice(0, 16)
        : entry.isSymbolicLink()
        ? Fs.readlinkSync(path)
        : ""
      return [Path.relative(root, path), `${mode.toString(8)} ${content}`] as const
    }).sort(([a], [b]) => (a < b ? -1 : 1))
  )
