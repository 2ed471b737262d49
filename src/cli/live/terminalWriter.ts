/** Writes to a terminal that may be slow, or stopped by Ctrl-S: nobody but the next write waits for it. */
import { write } from "node:fs"
import { setTimeout } from "node:timers/promises"

export interface TerminalWriter {
  /** Whether the terminal has taken all there was. */
  readonly isIdle: () => boolean
  /** Done once it has, also where it is gone. */
  readonly idle: () => Promise<void>
  /** To be called while idle. */
  readonly write: (text: string) => void
}

/** Node's own streams wait for a terminal with everything else standing still; a descriptor is written to beside it. */
export const terminalWriter = (descriptor: number): TerminalWriter => {
  let [busy, writing] = [false, Promise.resolve()]
  return {
    isIdle: () => !busy,
    idle: () => writing,
    write: (text) => {
      busy = true
      writing = writeAll(descriptor, Buffer.from(text)).finally(() => busy = false)
    }
  }
}

/** Never fails: a terminal that is gone has no use for the rest. */
const writeAll = async (descriptor: number, bytes: Uint8Array): Promise<void> => {
  for (let rest = bytes; rest.byteLength > 0;) {
    const written = await writeSome(descriptor, rest)
    if (written === undefined) return
    // Somebody else has made the terminal one that doesn't wait, and it is full.
    if (written === 0) await setTimeout(20)
    rest = rest.subarray(written)
  }
}

/** Bytes taken; undefined where the terminal is gone. */
const writeSome = (descriptor: number, bytes: Uint8Array): Promise<number | undefined> =>
  new Promise((resolve) =>
    write(
      descriptor,
      bytes,
      (error, written) =>
        resolve(error === null ? written : error.code === "EAGAIN" || error.code === "EINTR" ? 0 : undefined)
    )
  )
