// @ts-check
/**
 * `npm run lock`, after a change of dependencies: completes package-lock.json.
 * npm leaves out binaries for other systems that a registry at hand doesn't
 * have, and `npm ci` then refuses the file, here and everywhere.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./process.mjs"

/**
 * @typedef {object} Entry
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {boolean} [dev]
 * @property {boolean} [optional]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {ReadonlyArray<string>} [os]
 * @property {ReadonlyArray<string>} [cpu]
 * @property {ReadonlyArray<string>} [libc]
 */
/** @typedef {{ name: string, version: string, packages: Record<string, Entry> }} Lock */
/** @typedef {{ name: string, version: string, dependencies?: Record<string, string>, devDependencies?: Record<string, string> }} Manifest */

const exact = /^\d+\.\d+\.\d+(-[\w.]+)?$/

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]
const processors = ["arm64", "arm", "x64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x"]

/** The system that a package of binaries is for, as its name tells. @param {string} name @returns {Entry} */
const systemOf = (name) => {
  const words = name.split(/[/-]/)
  const os = words.filter((word) => systems.includes(word))
  const cpu = words.filter((word) => processors.includes(word))
  const libc = words.flatMap((word) => /^(gnu|glibc)/.test(word) ? "glibc" : word.startsWith("musl") ? "musl" : [])
  return { ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }), ...(os.length > 0 && { os }) }
}

/** npm's order of fields: the version, then the alphabet. @param {Entry} entry @returns {Entry} */
const inOrder = ({ version, ...rest }) => ({
  ...(version !== undefined && { version }),
  ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, "en")))
})

/**
 * The entries that the lock file ought to have and hasn't: optional packages, at exact versions.
 * @param {Lock} lock
 * @returns {Record<string, Entry>}
 */
export const missing = ({ packages }) =>
  Object.fromEntries(
    Object.entries(packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
      Object.entries(optionalDependencies)
        .filter(([name, version]) =>
          exact.test(version) && !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages)
        )
        .map(([name, version]) => [
          `node_modules/${name}`,
          inOrder({ version, ...systemOf(name), ...(dev === true && { dev }), optional: true })
        ])
    )
  )

/** The lock file with what is missing, in npm's order. @param {Lock} lock @returns {Lock} */
export const complete = (lock) => ({
  ...lock,
  packages: Object.fromEntries(
    Object.entries({ ...lock.packages, ...missing(lock) }).sort(([a], [b]) => a.localeCompare(b, "en"))
  )
})

/**
 * What is wrong with the lock file, a line each.
 * @param {Lock} lock
 * @param {Manifest} manifest
 */
export const judgeLock = (lock, { name, version, dependencies, devDependencies }) => [
  // A host in the lock file sends everybody to the registry that its author used.
  ...Object.entries(lock.packages).flatMap(([path, { resolved }]) =>
    resolved === undefined ? [] : [`${path} names the host it came from; .npmrc leaves that out`]
  ),
  ...Object.keys(missing(lock)).map((path) => `${path} is missing; npm run lock adds it`),
  ...(lock.name === name && lock.version === version ? [] : [`it is for ${lock.name} ${lock.version}; npm install`]),
  ...Object.entries({ ...dependencies, ...devDependencies })
    // A second version of a package goes under another name.
    .filter(([, range]) => !exact.test(range.replace(/^npm:.+@/, "")))
    .map(([dependency, range]) => `package.json asks for ${dependency} "${range}", not for an exact version`)
]

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const path = join(root, "package-lock.json")
  writeFileSync(path, `${JSON.stringify(complete(JSON.parse(readFileSync(path, "utf8"))), null, 2)}\n`)
}
