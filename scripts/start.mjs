// @ts-check
/** `node scripts/start.mjs <program> [arguments]`: runs a built program, from a fresh clone too. */
import { ensureBuilt, script } from "./ensure.mjs"
import { become } from "./process.mjs"

await script(async () => {
  await ensureBuilt()
  return become([process.execPath, ...process.argv.slice(2)])
})
