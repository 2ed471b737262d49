// @ts-check
/** After an install: teaches the TypeScript compiler, and so every editor, the diagnostics of Effect. */
import { existsSync } from "node:fs"
import { capture, dependency } from "./process.mjs"

const patch = dependency("@effect/tsgo/dist/effect-tsgo.cjs")

// Absent where development packages were left out. `npm run check` doesn't depend on it.
if (existsSync(patch)) {
  const { code, output } = await capture([process.execPath, patch, "patch"])
  if (code !== 0) console.error(`No diagnostics of Effect in the editor: ${output.trim()}`)
}
