// @ts-check
/** `npm run bench -- <name> [arguments]`: runs bench/<name>.mjs on a fresh build. */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { ensureBuilt, script } from "./ensure.mjs"
import { become, root } from "./process.mjs"

const folder = join(root, "bench")

await script(async () => {
  const names = (existsSync(folder) ? readdirSync(folder) : [])
    .filter((file) => file.endsWith(".mjs"))
    .map((file) => file.slice(0, -".mjs".length))
  const [name, ...args] = process.argv.slice(2)
  if (name === undefined || !names.includes(name)) {
    console.error(`Usage: npm run bench -- <name>, one of: ${names.join(", ") || "(none yet)"}`)
    return 2
  }
  await ensureBuilt()
  return become([process.execPath, join(folder, `${name}.mjs`), ...args])
})
