/** Reading `git diff-tree --raw --numstat -z --no-renames`: what changed, by path, as git stores it. */
import type { ChangedFile } from "../domain/Changes.ts"
import { splitNul } from "../git/Git.ts"

const isStatus = (text: string): text is ChangedFile["status"] => /^[AMDT]$/.test(text)

const lines = (text: string | undefined): number | null => text === undefined || text === "-" ? null : Number(text)

export const parseRawDiff = (output: Uint8Array): ReadonlyArray<ChangedFile> => {
  const files = new Map<string, ChangedFile>()
  const records = splitNul(output)
  for (let i = 0; i < records.length; i++) {
    const record = records[i] ?? ""
    if (record.startsWith(":")) {
      const [oldMode = "", newMode = "", , , letter = ""] = record.slice(1).split(" ")
      const status = letter.slice(0, 1)
      const path = records[++i]
      if (path !== undefined && isStatus(status)) {
        files.set(path, { path, status, oldMode, newMode, added: null, deleted: null })
      }
      continue
    }
    const [, added, deleted, path] = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(record) ?? []
    const file = path === undefined ? undefined : files.get(path)
    if (file !== undefined) files.set(file.path, { ...file, added: lines(added), deleted: lines(deleted) })
  }
  return [...files.values()]
}
