/** What lies in a folder that may not be there, or go meanwhile. */
import { readdirSync } from "node:fs"

/** The names in it, in no order; none where there can be no such folder. Throws Node's error for any other reason. */
export const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return []
    }
    throw error
  }
}
