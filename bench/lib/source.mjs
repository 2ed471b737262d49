// @ts-check
/** The runner's own code for a measurement of a part of it: the built library shows no more than its users need. */
import { build } from "esbuild"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./codex.mjs"

/**
 * One file of the sources, as a module. It lies two folders below the root, as the sources do, so that it finds what
 * is built.
 * @param {string} file such as `src/codex/probe.ts`
 */
export const source = async (file) => {
  const outfile = join(root, "node_modules/.cache", `bench-${file.replaceAll(/\W/g, "-")}.mjs`)
  await build({
    entryPoints: [join(root, file)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external"
  })
  return import(pathToFileURL(outfile).href)
}
