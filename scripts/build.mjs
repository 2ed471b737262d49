// @ts-check
/**
 * `npm run build`: the library as a bundle of our own code (its packages stay
 * outside, so that an embedding program has one copy of Effect), the programs as
 * bundles that carry everything they need.
 */
import { build, context } from "esbuild"
import { existsSync } from "node:fs"
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { script } from "./ensure.mjs"
import { become, capture, root } from "./process.mjs"
import { tsc } from "./tsc.mjs"

const dist = join(root, "dist")

/** @param {Record<string, string>} entries the built name of each source; those not there yet are left out */
const existing = (entries) =>
  Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(join(root, source))))

const programs = existing({
  "codex-runner": "src/bin.ts",
  "codex-mcp-runner": "src/bin-mcp.ts",
  detached: "src/bin-detached.ts"
})
const gate = existing({ hook: "src/gate/hook.ts", start: "src/gate/start.ts" })
const library = existing({ index: "src/index.ts", testing: "src/testing.ts" })
const hasLibrary = "index" in library

// Bundled CommonJS asks for Node's own modules through require.
const withRequire = "import{createRequire as __cr}from\"node:module\";const require=__cr(import.meta.url);"

/** What packages carry for uses that no program of ours makes of them: an option of a date; JSON Schemas out of Zod. */
const unused =
  /[\\/]@effect[\\/]cli[\\/].+[\\/]prompt[\\/]date\.js$|[\\/]zod[\\/]v4[\\/]core[\\/]json-schema-processors\.js$/

/** Keeps the names that a module exports, and nothing behind them. @type {import("esbuild").Plugin} */
const leaveOutUnused = {
  name: "leave out unused",
  setup: (bundling) =>
    bundling.onLoad({ filter: unused }, async ({ path }) => {
      const names = [...(await readFile(path, "utf8")).matchAll(/^export (?:const|function|class) (\w+)/gm)].map((
        [, name]
      ) => name)
      if (names.length === 0) throw new Error(`${path} exports nothing in a form that is known here`)
      const absent = JSON.stringify(join(root, "scripts/absent.mjs"))
      return {
        contents: `import Absent from ${absent}\nconst absent = () => new Absent()\nexport { ${
          names.map((name) => `absent as ${name}`).join(", ")
        } }`
      }
    })
}

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
  charset: "utf8",
  logLevel: "error",
  outExtension: { ".js": ".mjs" },
  banner: { js: withRequire },
  // The MCP library's own validator, in whose place the server puts another: a tenth of all that would be shipped.
  alias: { ajv: join(root, "scripts/absent.mjs"), "ajv-formats": join(root, "scripts/absent.mjs") },
  plugins: [leaveOutUnused]
}

/** @param {string} out @returns {Array<import("esbuild").BuildOptions>} */
const bundles = (out) =>
  [
    { ...bundle, entryPoints: programs, outdir: join(out, "bin"), splitting: true, chunkNames: "chunks/[name]-[hash]" },
    {
      ...bundle,
      entryPoints: library,
      outdir: out,
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      packages: /** @type {const} */ ("external"),
      banner: {},
      outExtension: {}
    },
    // CommonJS, for its start: Node's loader of modules takes a third of the time that the whole hook has.
    {
      ...bundle,
      entryPoints: gate,
      outdir: join(out, "gate"),
      format: /** @type {const} */ ("cjs"),
      banner: {},
      outExtension: { ".js": ".cjs" }
    }
  ].filter(({ entryPoints }) => Object.keys(entryPoints).length > 0)

/** The library's types. @param {string} out */
const declarations = async (out) => [...await tsc(), "-p", "tsconfig.build.json", "--outDir", out]

/** A compiler looks at those that the library's entries lead to: the others, and wide indents, would be shipped for nobody. @param {string} out */
const pruneDeclarations = async (out) => {
  const needed = new Set(Object.keys(library).map((name) => join(out, `${name}.d.ts`)))
  for (const file of needed) {
    for (const [, from, inline] of (await readFile(file, "utf8")).matchAll(/\bfrom "(\..+?)"|\bimport\("(\..+?)"\)/g)) {
      needed.add(join(dirname(file), `${from ?? inline}`.replace(/\.[jt]s$/, ".d.ts")))
    }
  }
  const made = (await readdir(out, { recursive: true })).map((name) => join(out, name))
  await Promise.all(made.filter((file) => file.endsWith(".d.ts") && !needed.has(file)).map((file) => rm(file)))
  for (const folder of made.filter((path) => !path.includes(".")).sort().reverse()) {
    if ((await readdir(folder)).length === 0) await rmdir(folder)
  }
  // Four spaces for each level are a tenth of them.
  for (const file of needed) {
    const text = await readFile(file, "utf8")
    await writeFile(file, text.replaceAll(/^( {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4)))
  }
}

/** Most chunks are no CommonJS. @param {string} out */
const dropUnusedRequire = async (out) => {
  const names = (await readdir(join(out, "bin"), { recursive: true })).filter((name) => name.endsWith(".mjs"))
  await Promise.all(names.map(async (name) => {
    const path = join(out, "bin", name)
    const text = await readFile(path, "utf8")
    const own = text.replace(`${withRequire}\n`, "")
    if (!/\brequire\b/.test(own)) await writeFile(path, own)
  }))
}

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
  const found = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"))
      const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE"].find((candidate) =>
        existsSync(join(root, folder, candidate))
      )
      const text = file === undefined ? "" : await readFile(join(root, folder, file), "utf8")
      return { package: `${name} ${version} (${license})`, text: text.trim() }
    })
  )
  // Packages of one family have one text.
  const texts = [...new Set(found.map(({ text }) => text))].map((text) =>
    `${found.filter((one) => one.text === text).map((one) => one.package).join("\n")}\n\n${text}\n`
  )
  await writeFile(join(out, "THIRD-PARTY-LICENSES.txt"), texts.join(`\n${"-".repeat(80)}\n\n`))
}

/** @param {string} out */
const buildInto = async (out) => {
  const [typed, ...results] = await Promise.all([
    hasLibrary ? declarations(out).then((command) => capture(command)) : { code: 0, stdout: "", output: "" },
    ...bundles(out).map((options) => build(options))
  ])
  if (typed.code !== 0) throw new Error(`The library does not compile:\n${typed.output.trim()}`)
  if (hasLibrary) await pruneDeclarations(out)
  await dropUnusedRequire(out)
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
  const code = await become([...await declarations(dist), "--watch", "--preserveWatchOutput"])
  await Promise.all(contexts.map((bundling) => bundling.dispose()))
  return code
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await script(async () => {
    if (process.argv.includes("--watch")) return watch()
    console.error(await buildOnce())
  })
}
