// @ts-check
/** What has to hold of the sources and of the package, one function each. */
import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { arrows as judgeArrows } from "./arrows.mjs"
import { judgeLock } from "./lockfile.mjs"
import { capture, dependency, npm, root } from "./process.mjs"

/** @typedef {import("./named.mjs").Outcome} Outcome */

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"))

/** What is there to look at; the rest comes later. @param {ReadonlyArray<string>} names */
const present = (names) => names.filter((name) => readdirSync(root).includes(name))

/** The TypeScript files of src by path, such as `src/run/runTask.ts`. @returns {Record<string, string>} */
const sources = () =>
  Object.fromEntries(
    readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .sort()
      .map((path) => [`src/${path}`, readFileSync(join(root, "src", path), "utf8")])
  )

/** @param {ReadonlyArray<string>} lines @returns {Outcome} */
const noneOf = (lines) => ({ ok: lines.length === 0, lines })

/** @param {ReadonlyArray<string>} command @param {{ env?: Record<string, string> }} [options] @returns {Promise<Outcome>} */
const succeeds = async (command, options) => {
  const { code, output } = await capture(command, options)
  return { ok: code === 0, lines: code === 0 ? [] : output.trim().split("\n") }
}

export const types = async () => {
  const { tsc } = await import("./tsc.mjs")
  return succeeds([...await tsc(), "-p", "tsconfig.json", "--pretty", "false"])
}

export const lint = () =>
  succeeds([
    process.execPath,
    dependency("oxlint/bin/oxlint"),
    "--type-aware",
    "--deny-warnings",
    "--report-unused-disable-directives",
    "--format=unix",
    ...present(["src", "test", "examples", "scripts", "bench", "vitest.config.ts"])
  ])

/** The plugin is compiled once; the result stays with the packages rather than in somebody's home. */
const dprint = (/** @type {ReadonlyArray<string>} */ args) =>
  succeeds([process.execPath, dependency("dprint/bin.cjs"), ...args], {
    env: { DPRINT_CACHE_DIR: dependency(".cache/dprint") }
  })

export const format = async () => {
  const { ok, lines } = await dprint(["check", "--list-different"])
  const unformatted = lines.filter((line) => !line.startsWith("Compiling "))
  return { ok, lines: ok ? [] : [...unformatted, "npm run format puts it right"] }
}

export const reformat = () => dprint(["fmt"])

export const arrows = () => {
  const { dependencies = {}, peerDependencies = {} } = readJson("package.json")
  return noneOf(judgeArrows(sources(), new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])))
}

/** A file is one idea that fits in a head. */
const lines = { many: 250, tooMany: 300 }

export const size = () => {
  const long = Object.entries(sources())
    .map(([path, source]) => ({ path, count: source.trimEnd().split("\n").length }))
    .filter(({ count }) => count > lines.many)
  return {
    ok: long.every(({ count }) => count <= lines.tooMany),
    lines: long.map(({ path, count }) =>
      `${path} has ${count} lines: ${count > lines.tooMany ? `more than ${lines.tooMany}` : "time to split it"}`
    )
  }
}

export const lockfile = () => noneOf(judgeLock(readJson("package-lock.json"), readJson("package.json")))

/** @typedef {{ path: string, mode: number, size: number }} PackedFile */
/** @typedef {{ filename: string, size: number, files: ReadonlyArray<PackedFile> }} Packed */

/** What `npx` fetches before the first word is printed. */
const maxPackedBytes = 1_500_000
/** What lies on the disk then, maps left out. */
const maxUnpackedBytes = 2_000_000

/** @param {ReadonlyArray<PackedFile>} files */
const unpacked = (files) =>
  files.filter(({ path }) => !path.endsWith(".map")).reduce((sum, { size: bytes }) => sum + bytes, 0)

/**
 * What is wrong with what npm would publish.
 * @param {Packed} packed
 * @param {Record<string, string>} bin
 */
export const judgeTarball = ({ files, size: bytes }, bin) => [
  ...["README.md", "CHANGELOG.md", "LICENSE", "config.schema.json"]
    .filter((path) => !files.some((file) => file.path === path))
    .map((path) => `${path} is missing`),
  ...Object.entries(bin).flatMap(([name, path]) => {
    const file = files.find((candidate) => candidate.path === path)
    if (file === undefined) return [`${name}: ${path} is missing`]
    return (file.mode & 0o111) === 0o111 ? [] : [`${name}: ${path} is not executable`]
  }),
  ...files
    .filter(({ path }) =>
      !/^(dist\/.+|package\.json|README\.md|CHANGELOG\.md|LICENSE|config\.schema\.json)$/.test(path)
    )
    .map(({ path }) => `${path} has no place in the package`),
  ...(bytes > maxPackedBytes ? [`${bytes} bytes packed, more than ${maxPackedBytes}`] : []),
  ...(unpacked(files) > maxUnpackedBytes ? [`${unpacked(files)} bytes unpacked, more than ${maxUnpackedBytes}`] : [])
]

/**
 * The package as npm would publish it, and its three checks.
 * @param {() => Promise<unknown>} build
 */
export const packageChecks = (build) => {
  /** @type {Promise<{ folder: string, packed: Packed }> | undefined} */
  let once
  /** @type {string | undefined} */
  let made
  const pack = async () => {
    await build()
    const folder = made = await mkdtemp(join(tmpdir(), "codex-runner-pack-"))
    const args = ["pack", "--json", "--ignore-scripts", "--loglevel=error", `--pack-destination=${folder}`]
    const { code, stdout, output } = await capture([...npm(), ...args])
    if (code !== 0) throw new Error(output.trim())
    // npm 10 announces our prepare script first, even though it is told to leave scripts alone.
    return { folder, packed: JSON.parse(stdout.slice(stdout.search(/^\[/m)))[0] }
  }
  const tarball = async () => {
    const { folder, packed } = await (once ??= pack())
    return join(folder, packed.filename)
  }
  return {
    tarball: async () => noneOf(judgeTarball((await (once ??= pack())).packed, readJson("package.json").bin)),
    publint: async () =>
      succeeds([process.execPath, dependency("publint/src/cli.js"), "run", await tarball(), "--strict"]),
    attw: async () => {
      const args = ["--profile=esm-only", "--no-definitely-typed", "--no-emoji", "--format=ascii", "--no-summary"]
      return succeeds([process.execPath, dependency("@arethetypeswrong/cli/dist/index.js"), await tarball(), ...args])
    },
    cleanUp: async () => {
      if (made !== undefined) await rm(made, { recursive: true, force: true })
    }
  }
}
