// @ts-check
/**
 * `npm run build`: the library as plain modules (its peers stay outside, so
 * that an embedding program has one copy of Effect), the programs as bundles
 * that carry everything they need.
 */
import { build, context } from "esbuild"
import { existsSync } from "node:fs"
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { script } from "./ensure.mjs"
import { become, capture, root } from "./process.mjs"
import { tsc } from "./tsc.mjs"

const dist = join(root, "dist")

/** @param {Record<string, string>} entries the built name of each source; those not there yet are left out */
const existing = (entries) =>
  Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(join(root, source))))

const programs = existing({ "codex-runner": "src/bin.ts", "codex-mcp-runner": "src/bin-mcp.ts" })
const gate = existing({ hook: "src/gate/hook.ts" })
const hasLibrary = existsSync(join(root, "src/index.ts"))

/** @type {import("esbuild").BuildOptions} */
const bundle = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  minify: true,
  metafile: true,
  legalComments: "none",
  logLevel: "error",
  outExtension: { ".js": ".mjs" },
  // Bundled CommonJS asks for Node's own modules through require.
  banner: { js: "import{createRequire as __cr}from\"node:module\";const require=__cr(import.meta.url);" }
}

/** @param {string} out @returns {Array<import("esbuild").BuildOptions>} */
const bundles = (out) =>
  [
    { ...bundle, entryPoints: programs, outdir: join(out, "bin"), splitting: true, chunkNames: "chunks/[name]-[hash]" },
    // One file: a gate that has to find its other half can be left without it.
    { ...bundle, entryPoints: gate, outdir: join(out, "gate") }
  ].filter(({ entryPoints }) => Object.keys(entryPoints).length > 0)

/** @param {string} out */
const library = async (out) => [...await tsc(), "-p", "tsconfig.build.json", "--outDir", out]

/** Makes the programs what a shell can start. @param {string} out */
const makeExecutable = async (out) => {
  for (const name of Object.keys(programs)) {
    const path = join(out, "bin", `${name}.mjs`)
    const text = await readFile(path, "utf8")
    if (!text.startsWith("#!")) await writeFile(path, `#!/usr/bin/env node\n${text}`)
    await chmod(path, 0o755)
  }
}

/** The package a bundled file comes from. @param {string} input */
const packageOf = (input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]

/**
 * The licences of what the bundles carry, which ask to go with every copy.
 * @param {string} out
 * @param {ReadonlyArray<import("esbuild").BuildResult>} results
 */
const writeLicences = async (out, results) => {
  const folders = new Set(
    results.flatMap(({ metafile }) => Object.values(metafile?.outputs ?? {}))
      .flatMap(({ inputs }) => Object.entries(inputs))
      .flatMap(([input, { bytesInOutput }]) => bytesInOutput > 0 ? packageOf(input) ?? [] : [])
  )
  if (folders.size === 0) return
  const texts = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"))
      const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE"].find((candidate) =>
        existsSync(join(root, folder, candidate))
      )
      const text = file === undefined ? "" : await readFile(join(root, folder, file), "utf8")
      return `${name} ${version} (${license})\n\n${text.trim()}\n`
    })
  )
  await writeFile(join(out, "THIRD-PARTY-LICENSES.txt"), texts.join(`\n${"-".repeat(80)}\n\n`))
}

/** @param {string} out */
const buildInto = async (out) => {
  const [typed, ...results] = await Promise.all([
    hasLibrary ? library(out).then((command) => capture(command)) : { code: 0, stdout: "", output: "" },
    ...bundles(out).map((options) => build(options))
  ])
  if (typed.code !== 0) throw new Error(`The library does not compile:\n${typed.output.trim()}`)
  await makeExecutable(out)
  await writeLicences(out, results)
}

/**
 * Builds beside `dist` and swaps at the end, so that a program that runs from
 * `dist` meanwhile never sees half of it.
 * @returns {Promise<string>} one line about it
 */
export const buildOnce = async () => {
  const start = performance.now()
  const cache = join(root, "node_modules", ".cache")
  await mkdir(cache, { recursive: true })
  const staging = await mkdtemp(join(cache, "build-"))
  try {
    const fresh = join(staging, "new")
    await mkdir(fresh)
    await buildInto(fresh)
    if (existsSync(dist)) await rename(dist, join(staging, "old"))
    await rename(fresh, dist)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  const made = [hasLibrary ? ["library"] : [], Object.keys(programs), Object.keys(gate)].flat()
  return `Built ${made.join(", ") || "nothing"} in ${((performance.now() - start) / 1000).toFixed(1)} s`
}

/** Until it is interrupted. */
const watch = async () => {
  const contexts = await Promise.all(bundles(dist).map((options) => context({ ...options, logLevel: "info" })))
  await Promise.all(contexts.map((bundling) => bundling.watch()))
  if (!hasLibrary) return
  const code = await become([...await library(dist), "--watch", "--preserveWatchOutput"])
  await Promise.all(contexts.map((bundling) => bundling.dispose()))
  return code
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await script(async () => {
    if (process.argv.includes("--watch")) return watch()
    console.error(await buildOnce())
  })
}
