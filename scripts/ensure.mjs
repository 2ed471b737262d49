// @ts-check
/** A fresh clone becomes one that can run: Node is new enough, packages are installed, the build is made. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { become, npm, root } from "./process.mjs"

/** @typedef {Record<string, { version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }>} Packages */

/**
 * Whether what is installed is what the lock file asks for. Times say nothing
 * (a checkout touches every file), so the two lists are compared.
 * @param {Packages} wanted of package-lock.json
 * @param {Packages} installed of node_modules/.package-lock.json
 */
export const matches = (wanted, installed) =>
  Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true
    const found = installed[path]
    return found === undefined ? entry.optional === true : found.version === entry.version
  }) && Object.keys(installed).every((path) => path in wanted)

/** @param {string} path @returns {Packages} */
const packages = (path) => JSON.parse(readFileSync(path, "utf8")).packages

/** @param {string} folder */
export const isInstalled = (folder) => {
  const installed = join(folder, "node_modules", ".package-lock.json")
  return existsSync(installed) && matches(packages(join(folder, "package-lock.json")), packages(installed))
}

/** Whether a version is at least 20.19. @param {string} version */
export const isSupported = (version) => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > 20 || (major === 20 && minor >= 19)
}

/** @returns {Promise<void>} */
export const ensureInstalled = async () => {
  if (!isSupported(process.versions.node)) {
    throw new Error(`Node 20.19 or newer is needed, this is ${process.versions.node}.`)
  }
  if (isInstalled(root)) return
  console.error("Installing packages (npm ci) …")
  // Standard output belongs to the program that comes after.
  const code = await become([...npm(), "ci", "--include=dev", "--no-audit", "--no-fund"], ["ignore", 2, 2])
  if (code !== 0) throw new Error(`npm ci ended with ${code}.`)
}

/** @returns {Promise<void>} */
export const ensureBuilt = async () => {
  await ensureInstalled()
  console.error("Building …")
  const { buildOnce } = await import("./build.mjs")
  console.error(await buildOnce())
}

/**
 * The end of each script: an error is one line, and the exit code is set.
 * @param {() => Promise<number | void>} main
 */
export const script = async (main) => {
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
