/**
 * Changes put into the user's checkout and its index, all or nothing: made
 * ready aside first, then swapped in under git's own lock, which becomes the
 * index in the end. Until that last rename everything can go back.
 */
import * as Effect from "effect/Effect"
import { existsSync, linkSync, mkdirSync, renameSync } from "node:fs"
import * as path from "node:path"
import { Git } from "../git/Git.ts"
import { type Index, readIndex } from "../git/indexEntries.ts"
import { resolveCommit } from "../git/Repository.ts"
import { writeDurably } from "../store/durable.ts"
import { makeFiles, makeIndex } from "./applyFiles.ts"
import {
  areaOf,
  attempt,
  type Checkout,
  CheckoutRefused,
  forget,
  goBack,
  holding,
  type Journal,
  journalOf,
  lockOf,
  newIndexOf
} from "./applyHolding.ts"
import type { Move } from "./applyObstacles.ts"
import { sameStamp, type Stamp, stampOf, swapSteps } from "./applySwap.ts"
import type { Quarantine } from "./quarantine.ts"

/** The checkout when it was decided that nothing is in the way. */
export interface Seen {
  readonly head: string
  readonly index: Index
  readonly indexStamp: Stamp | null
}

export const look = Effect.fn("apply.look")(function*({ index, repository }: Checkout) {
  const indexStamp = stampOf(index)
  const head = yield* resolveCommit(repository, "HEAD")
  if (head === undefined) return yield* new CheckoutRefused({ reason: "the checkout has no commit yet." })
  return { head, indexStamp, index: yield* readIndex(repository.target) } satisfies Seen
})

/** `done` is for what must follow, before it is forgotten that a change was under way. */
export const changeCheckout = Effect.fn("apply.changeCheckout")(function*<R>(
  checkout: Checkout,
  quarantine: Quarantine,
  seen: Seen,
  moves: ReadonlyArray<Move>,
  about: Pick<Journal, "run_id" | "tasks">,
  done: Effect.Effect<void, never, R>
) {
  yield* holding(
    checkout,
    Effect.gen(function*() {
      const area = areaOf(checkout)
      yield* attempt(() => {
        for (const folder of ["new", "old"]) mkdirSync(path.join(area, folder), { recursive: true, mode: 0o700 })
      })
      yield* makeFiles(checkout, quarantine, seen.index, moves, path.join(area, "new"))
      yield* makeIndex(checkout, moves)
      const journal = yield* attempt(() => journalFor(checkout, area, moves, about))
      yield* swapIn(checkout, seen, journal).pipe(
        Effect.zipRight(done),
        Effect.zipRight(Effect.ignoreLogged(forget(checkout))),
        Effect.uninterruptible
      )
    })
  )
  yield* refresh(checkout, moves)
})

const journalFor = (
  { repository: { root } }: Checkout,
  area: string,
  moves: ReadonlyArray<Move>,
  about: Pick<Journal, "run_id" | "tasks">
): Journal => ({
  ...about,
  swap: {
    root,
    area,
    files: moves.filter(({ indexOnly }) => !indexOnly).map(({ change: { after, path: file }, old }) => {
      const made = after === null ? null : stampOf(path.join(area, "new", file))
      if (after !== null && made === null) throw new Error(`git did not write "${file}".`)
      return { path: file, old, new: made }
    })
  },
  index: moves.map(({ change: { after, path: file } }) => ({ path: file, blob: after }))
})

const swapIn = Effect.fnUntraced(function*(checkout: Checkout, seen: Seen, journal: Journal) {
  const lock = lockOf(checkout)
  yield* attempt(() => {
    if (existsSync(lock)) {
      throw new Error(
        `another git process is at work: ${lock} is there. Wait for it; if there is none, remove the file.`
      )
    }
    linkSync(newIndexOf(checkout), lock)
  })
  yield* Effect.gen(function*() {
    const head = yield* resolveCommit(checkout.repository, "HEAD")
    if (head !== seen.head || !sameStamp(stampOf(checkout.index), seen.indexStamp)) {
      return yield* new CheckoutRefused({ reason: "the checkout was changed meanwhile. Try again." })
    }
    yield* writeDurably(journalOf(checkout), JSON.stringify(journal))
    yield* attempt(() => {
      for (const _ of swapSteps(journal.swap));
      renameSync(lock, checkout.index)
    })
  }).pipe(
    Effect.catchAll((error) =>
      Effect.flatMap(goBack(checkout, journal), (kept) =>
        kept === null
          ? Effect.fail(error)
          : Effect.fail(
            new CheckoutRefused({ reason: `${error.message} Files that could not be put back are in ${kept}.` })
          ))
    )
  )
})

/**
 * Spares the user's next command the look at what was just written. Not where
 * attributes came with the change: which programs they bring up is theirs to see.
 */
const refresh = Effect.fnUntraced(function*({ repository }: Checkout, moves: ReadonlyArray<Move>) {
  if (moves.some(({ change: { path: file } }) => path.basename(file) === ".gitattributes")) return
  const git = yield* Git
  yield* Effect.ignore(
    git.run({ target: repository.target, args: ["update-index", "-q", "--refresh"], accept: [0, 1] })
  )
})
