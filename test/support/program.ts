/** Programs for other processes, written in a test with the sources at hand. */
import { buildSync } from "esbuild"
import { spawnSync } from "node:child_process"
import * as Path from "node:path"

/** Bundles a program for Node into a folder; its imports are relative to the project's root. Gives its path. */
export const bundle = (folder: string, contents: string): string => {
  const outfile = `${folder}/program.mjs`
  buildSync({
    stdin: { contents, resolveDir: Path.resolve("."), loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
  })
  return outfile
}

/**
 * Runs a bundled program as somebody whom permissions hold: root is above them,
 * as long as it has its capabilities. Its end, with both outputs.
 */
export const runWithoutPrivileges = (program: string, ...args: ReadonlyArray<string>) => {
  const drop = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : []
  const [command = "", ...rest] = [...drop, process.execPath, program, ...args]
  const { status, stderr, stdout } = spawnSync(command, rest, { encoding: "utf8" })
  return { status, stdout, stderr }
}
