/**
 * Starts the hook program with V8's code cache beside it, so that nothing is
 * parsed or compiled again for each tool call: that would be half of its time.
 * Without a cache, or with one of another Node, the program is compiled anew.
 *
 * `start.cjs --keep` does one call as ever, then keeps the cache of what it took.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Script } from "node:vm"

const cacheFile = join(__dirname, "hook.cache")

const cached = (): Buffer | undefined => {
  try {
    return readFileSync(cacheFile)
  } catch {
    return undefined
  }
}

const filename = join(__dirname, "hook.cjs")
const source = `(function (exports, require, module) {${readFileSync(filename, "utf8")}\n})`
const cachedData = cached()
const script = new Script(source, { filename, ...(cachedData === undefined ? {} : { cachedData }) })
const program: unknown = script.runInThisContext()
if (typeof program !== "function") throw new TypeError("not the hook program")
program({}, require, { exports: {} })
if (process.argv[2] === "--keep") writeFileSync(cacheFile, script.createCachedData(), { mode: 0o400 })
