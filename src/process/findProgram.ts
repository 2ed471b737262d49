/** Where a program lies. */
import { accessSync, constants, statSync } from "node:fs"
import * as path from "node:path"

export const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** A program's absolute path: as it is, or by the folders of PATH that are absolute. */
export const findProgram = (command: string, searchPath: string | undefined): string | undefined =>
  command.includes("/")
    ? (isExecutable(path.resolve(command)) ? path.resolve(command) : undefined)
    : (searchPath ?? "").split(":").filter((folder) => path.isAbsolute(folder))
      .map((folder) => path.join(folder, command)).find(isExecutable)
