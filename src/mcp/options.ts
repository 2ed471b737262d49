/** The server's own options. */
import { statSync } from "node:fs"
import { parseArgs } from "node:util"
import { type Level, levelFault, levelOf } from "../telemetry/levels.ts"

export interface Options {
  /** Folders whose repositories a client may name; none: the server's own repository alone. */
  readonly roots: ReadonlyArray<string>
  readonly allowDangerFullAccess: boolean
  readonly level?: Level
}

/** The options, or what is wrong with them. */
export const readOptions = (args: ReadonlyArray<string>): Options | { readonly fault: string } => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        root: { type: "string", multiple: true, default: [] },
        "allow-danger-full-access": { type: "boolean", default: false },
        "log-level": { type: "string" }
      }
    })
    const missing = values.root.find((root) => statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    if (missing !== undefined) return { fault: `--root: there is no folder ${JSON.stringify(missing)}` }
    const { "allow-danger-full-access": allowDangerFullAccess, "log-level": word, root: roots } = values
    const level = levelOf(word ?? "")
    if (word !== undefined && level === undefined) return { fault: levelFault }
    return { roots, allowDangerFullAccess, ...(level === undefined ? {} : { level }) }
  } catch (error) {
    const told = error instanceof Error ? error.message.split("\n")[0] : String(error)
    return { fault: `${told} See: codex-runner mcp --help` }
  }
}
