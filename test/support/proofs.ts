/** What is known of Codex binaries, shared by all tests: a proof of the gate takes seconds, and they have but one binary. */
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"

const shared = fileURLToPath(new URL("../../node_modules/.cache/codex-runner/codex", import.meta.url))

/** Points a state folder's cache at the shared one. */
export const shareProofs = (stateFolder: string): void => {
  Fs.mkdirSync(shared, { recursive: true })
  Fs.mkdirSync(stateFolder, { recursive: true, mode: 0o700 })
  Fs.symlinkSync(shared, `${stateFolder}/codex`)
}
