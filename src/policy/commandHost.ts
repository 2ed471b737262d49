/** The file system as the command rules ask about it. Synchronous: the gate has milliseconds. */
import { accessSync, constants, readdirSync, realpathSync, statSync } from "node:fs"
import * as path from "node:path"
import type { CommandHost } from "./commands/model.ts"
import type { Look } from "./deniedReads.ts"

const orUndefined = <A>(work: () => A): A | undefined => {
  try {
    return work()
  } catch {
    return undefined
  }
}

const isProgram = (file: string): boolean =>
  orUndefined(() => {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  }) ?? false

/** `searchPath`: the PATH that commands get. */
export const commandHost = (searchPath: string): CommandHost => ({
  // The plain one resolves `..` behind a link by its name, the kernel by where the link leads.
  realpath: (file) => orUndefined(() => realpathSync.native(file)),
  isDirectory: (file) => orUndefined(() => statSync(file).isDirectory()) ?? false,
  resolveProgram: (name) =>
    searchPath.split(":").filter((folder) => path.isAbsolute(folder))
      .map((folder) => path.join(folder, name)).find(isProgram),
  list: (folder) => orUndefined(() => readdirSync(folder))
})

/** What is there, of what can be read. */
export const look: Look = {
  find: (place) =>
    orUndefined(() => {
      accessSync(place, constants.R_OK)
      const real = realpathSync.native(place)
      const stats = statSync(real)
      return stats.isDirectory() || stats.isFile() ? real : undefined
    }),
  list: (folder) => orUndefined(() => readdirSync(folder)) ?? []
}
