// @ts-check
/** `npm test [-- arguments of vitest]`: installs and builds what is missing, then runs every tier but the long one. */
import { ensureBuilt, script } from "./ensure.mjs"
import { become, dependency } from "./process.mjs"

await script(async () => {
  await ensureBuilt()
  const args = process.argv.slice(2)
  const mode = args.includes("--watch") ? [] : ["run"]
  const tiers = args.some((arg) => arg.includes("long")) ? [] : ["--project", "!long"]
  return become([process.execPath, dependency("vitest/vitest.mjs"), ...mode, ...tiers, ...args])
})
