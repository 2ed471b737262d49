// @ts-check
/** `npm run endure [-- name …] [--report file]`: what takes minutes, and shows that nothing is lost or left behind. */
import { join } from "node:path"
import { ensureBuilt, script } from "./ensure.mjs"
import { tryNamed } from "./named.mjs"
import { capture, dependency, root } from "./process.mjs"

/** What went wrong is told last. @param {ReadonlyArray<string>} command */
const ends = (...command) => async () => {
  const { code, output } = await capture([process.execPath, ...command])
  return { ok: code === 0, lines: code === 0 ? [] : output.trim().split("\n").slice(-30) }
}

await script(async () => {
  await ensureBuilt()
  return tryNamed({
    tests: ends(dependency("vitest/vitest.mjs"), "run", "--project", "long"),
    crashes: ends(join(root, "bench/chaos.mjs"), "--rounds", "52", "--real", "8"),
    soak: ends(join(root, "bench/soak.mjs"), "--quick")
  })
})
