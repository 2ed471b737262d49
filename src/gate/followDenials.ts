/** What the gate denies, while it happens: its log, read as it grows. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { open } from "node:fs/promises"
import type { Denied } from "../domain/Result.ts"
import { decodeGateEntry, gateLogIn } from "./gateLog.ts"
import { denialOf, maxDenied } from "./joinGate.ts"

/** Of the log, read at one look; the hook's longest line fits in. */
const maxBytesAtOnce = 2 * 1024 * 1024

/**
 * The same work, with every denial of the task told within half a second, and
 * what is left of them before the work counts as ended. `folder` is where the
 * gate logs; no more is told than a result lists.
 */
export const followDenials =
  (folder: string, tell: (denied: Denied) => Effect.Effect<void>) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const unseen = denialsSince(gateLogIn(folder))
    // What was read is told as well: else an end at the wrong moment would lose it.
    const look = Effect.uninterruptible(
      Effect.flatMap(unseen, (all) => Effect.forEach(all, tell, { discard: true }))
    )
    return Effect.scoped(
      Effect.gen(function*() {
        yield* Effect.addFinalizer(() => look)
        yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced("500 millis")))
        return yield* work
      })
    )
  }

/** Each time the denials that came since the last; none where there is no log, or it can't be read. */
const denialsSince = (path: string): Effect.Effect<ReadonlyArray<Denied>> => {
  let [read, told] = [0, 0]
  return Effect.promise(async () => {
    const bytes = await readFrom(path, read).catch(() => Buffer.alloc(0))
    // A line that is still being written is for the next look.
    const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1)
    read += whole.byteLength
    const denials = whole.toString("utf8").split("\n").flatMap((line) => Option.toArray(decodeGateEntry(line)))
      .filter((entry) => !entry.allow).slice(0, maxDenied - told).map(denialOf)
    told += denials.length
    return denials
  })
}

const readFrom = async (path: string, position: number): Promise<Buffer> => {
  const file = await open(path, "r")
  try {
    const length = Math.min(maxBytesAtOnce, (await file.stat()).size - position)
    if (length <= 0) return Buffer.alloc(0)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
