// @ts-check
/** `npm run check [-- name …] [--report file]`: sources and package, a line for each check. */
import * as checks from "./checks.mjs"
import { ensureInstalled, script } from "./ensure.mjs"
import { tryNamed } from "./named.mjs"

await script(async () => {
  await ensureInstalled()
  const { buildOnce } = await import("./build.mjs")
  const { cleanUp, ...ofPackage } = checks.packageChecks(buildOnce)
  const { types, lint, format, arrows, size, lockfile } = checks
  try {
    return await tryNamed({ types, lint, format, arrows, size, lockfile, ...ofPackage })
  } finally {
    await cleanUp()
  }
})
