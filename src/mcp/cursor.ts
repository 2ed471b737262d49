/**
 * Which results of a run a client has been given, as a text for it to hand
 * back: whose it is, then a bit for each task in the order of the request.
 * Nothing is kept here, so that a cursor outlives the server; a run's first
 * results and its later ones page in the same way.
 */
import { createHash } from "node:crypto"

/** Another run's cursor would leave out results that nobody was given. */
const markOf = (runId: string): string => createHash("sha256").update(runId).digest("base64url").slice(0, 3)

/** `taken` are positions of tasks in the request. */
export const encodeCursor = (runId: string, taken: ReadonlySet<number>): string => {
  const bytes = new Uint8Array(taken.size === 0 ? 0 : Math.floor(Math.max(...taken) / 8) + 1)
  for (const position of taken) bytes[position >> 3] = (bytes[position >> 3] ?? 0) | (1 << (position & 7))
  return `${markOf(runId)}${Buffer.from(bytes).toString("base64url")}`
}

/** The positions that a cursor of this run of so many tasks holds; undefined where the text is no such cursor. */
export const decodeCursor = (runId: string, cursor: string, tasks: number): ReadonlySet<number> | undefined => {
  const mark = markOf(runId)
  if (!cursor.startsWith(mark) || cursor.length > 200) return undefined
  const bytes = Buffer.from(cursor.slice(mark.length), "base64url")
  const taken = new Set<number>()
  bytes.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) taken.add(index * 8 + bit)
  })
  const canonical = encodeCursor(runId, taken) === cursor
  return canonical && [...taken].every((position) => position < tasks) ? taken : undefined
}
