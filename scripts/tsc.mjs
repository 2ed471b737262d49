// @ts-check
import { capture, dependency } from "./process.mjs"

/**
 * The TypeScript compiler that knows Effect, as a command line. Taken from its
 * package rather than from the patched `tsc`: an install without scripts leaves that unpatched.
 * @returns {Promise<[string]>}
 */
export const tsc = async () => {
  const { code, stdout, output } = await capture([
    process.execPath,
    dependency("@effect/tsgo/dist/effect-tsgo.cjs"),
    "get-exe-path"
  ])
  if (code !== 0) throw new Error(`No TypeScript with Effect's diagnostics on this machine: ${output.trim()}`)
  return [stdout.trim()]
}
