/**
 * So many at a time over all runners of a machine, or of a repository: each
 * slot is a file that its holder has locked, and that the kernel frees when the
 * holder dies.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { closeSync, mkdirSync } from "node:fs"
import { LockFailed, openLock, tryLock } from "./fileLock.ts"

/** How many at a time, and where that is counted. */
export interface SlotRules {
  /** Where the slots' files are; it is made where it is missing. */
  readonly folder: string
  readonly count: number
}

/** So many at a time over all runners. */
export class Slots extends Context.Tag("codex-runner/Slots")<
  Slots,
  {
    /** Waits for a slot, first come first served within this process, and holds it while the effect runs. */
    readonly withSlot: (
      rules: SlotRules
    ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LockFailed, R>
  }
>() {
  static readonly layer = Layer.sync(Slots, () => {
    /** By folder: of those that wait in this process, one looks for a free slot. */
    const lookouts = new Map<string, Effect.Semaphore>()
    /** The slots that this process holds: nobody needs to ask the kernel for them. */
    const ours = new Set<string>()
    const lookoutAt = (folder: string): Effect.Semaphore => {
      const known = lookouts.get(folder) ?? Effect.unsafeMakeSemaphore(1)
      lookouts.set(folder, known)
      return known
    }
    return Slots.of({
      withSlot: (rules) => (effect) =>
        Effect.suspend(() => {
          const held: Held = { ours, slot: undefined }
          return lookoutAt(rules.folder).withPermits(1)(waitForSlot(rules, held)).pipe(
            Effect.zipRight(effect),
            Effect.ensuring(Effect.sync(() => {
              if (held.slot === undefined) return
              ours.delete(held.slot.path)
              closeSync(held.slot.fd)
            }))
          )
        })
    })
  })
}

/** The descriptor whose lock is the slot: here and nowhere else, so that no interruption can lose it. */
interface Held {
  readonly ours: Set<string>
  slot: { readonly path: string; readonly fd: number } | undefined
}

const shortest = Duration.millis(100)
const longest = Duration.seconds(1)

const waitForSlot = (rules: SlotRules, held: Held): Effect.Effect<void, LockFailed> => {
  const look = (pause: Duration.Duration): Effect.Effect<void, LockFailed> =>
    Effect.flatMap(Effect.uninterruptible(takeFreeSlot(rules, held, 0)), (taken) =>
      taken
        ? Effect.void
        : Effect.zipRight(Effect.sleep(pause), look(Duration.min(Duration.times(pause, 2), longest))))
  return Effect.zipRight(makeFolder(rules.folder), look(shortest))
}

const makeFolder = (folder: string) =>
  Effect.try({
    try: () => mkdirSync(folder, { recursive: true, mode: 0o700 }),
    catch: (cause) => new LockFailed({ path: folder, reason: String(cause) })
  })

const takeFreeSlot = (rules: SlotRules, held: Held, from: number): Effect.Effect<boolean, LockFailed> => {
  if (from >= rules.count) return Effect.succeed(false)
  const path = `${rules.folder}/${from}`
  const next = Effect.suspend(() => takeFreeSlot(rules, held, from + 1))
  if (held.ours.has(path)) return next
  return Effect.flatMap(openLock(path), (fd) =>
    Effect.flatMap(
      Effect.onError(tryLock(path, fd), () => Effect.sync(() => closeSync(fd))),
      (taken) => {
        if (!taken) {
          closeSync(fd)
          return next
        }
        held.ours.add(path)
        held.slot = { path, fd }
        return Effect.succeed(true)
      }
    ))
}
