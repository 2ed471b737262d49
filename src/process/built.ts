/** Programs of our own that other processes start, wherever this module ended up: in the library, a bundle or the sources. */
import { existsSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

/** The folder that a build makes of this name, if it holds the file. */
export const builtFolder = (name: "bin" | "gate", file: string): string | undefined =>
  [".", "..", "../..", "../../dist"]
    .map((relative) => fileURLToPath(new URL(`${relative}/${name}`, import.meta.url)))
    .find((folder) => existsSync(path.join(folder, file)))
