// @ts-check
import { reformat } from "./checks.mjs"
import { ensureInstalled, script } from "./ensure.mjs"

await script(async () => {
  await ensureInstalled()
  const { ok, lines } = await reformat()
  if (!ok) console.error(lines.join("\n"))
  return ok ? 0 : 1
})
