/**
 * The folder in the checkout's own git folder in which an apply makes
 * everything ready, and by which one that died is set right: it is there while
 * an apply is at work, and with a journal in it while files are swapped.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import { reasonOf } from "../domain/reasonOf.ts"
import { RunId, TaskId } from "../domain/Task.ts"
import { Git } from "../git/Git.ts"
import { readIndex } from "../git/indexEntries.ts"
import type { Repository } from "../git/Repository.ts"
import { sameBlob } from "../git/treeChanges.ts"
import { ownerFile, ownerIsAlive, readOwner, thisProcess } from "../store/owner.ts"
import { isLeftBehind, ownMark } from "../store/ownMark.ts"
import { Swap, swapBack } from "./applySwap.ts"

export interface Checkout {
  readonly repository: Repository
  readonly index: string
  readonly holding: string
}

/** What an apply is about, how to go back, and how to tell that there is no need to. */
export const Journal = Schema.Struct({
  run_id: RunId,
  tasks: Schema.Array(Schema.Struct({ task_id: TaskId, patch_sha256: Schema.String })),
  swap: Swap,
  /** What the index holds once it is done. */
  index: Schema.Array(Schema.Struct({
    path: Schema.String,
    blob: Schema.NullOr(Schema.Struct({ mode: Schema.String, id: Schema.String }))
  }))
})
export type Journal = typeof Journal.Type

export class CheckoutRefused extends Schema.TaggedError<CheckoutRefused>()("CheckoutRefused", {
  reason: Schema.String
}) {
  override get message(): string {
    return this.reason
  }
}

/** Work on files that may fail, with the reason that is told. */
export const attempt = <A>(work: () => A): Effect.Effect<A, CheckoutRefused> =>
  Effect.try({
    try: work,
    catch: (cause) => new CheckoutRefused({ reason: reasonOf(cause) })
  })

export const openCheckout = Effect.fn("apply.openCheckout")(function*(repository: Repository) {
  const git = yield* Git
  const places = yield* git.text({
    target: repository.target,
    args: ["rev-parse", "--path-format=absolute", "--git-dir", "--git-path", "index"]
  })
  const [gitDir = "", index = ""] = places.split("\n")
  return { repository, index, holding: path.join(gitDir, "codex-runner-apply") } satisfies Checkout
})

/** For files: on the checkout's file system, where its git folder may not be. */
export const areaOf = ({ holding, repository }: Checkout): string =>
  statSync(path.dirname(holding)).dev === statSync(repository.root).dev
    ? holding
    : path.join(repository.root, ".codex-runner-apply")

/** The index as it will be; git's lock on the old one is a link to it. */
export const newIndexOf = ({ holding }: Checkout): string => path.join(holding, "index")
export const lockOf = ({ index }: Checkout): string => `${index}.lock`
export const journalOf = ({ holding }: Checkout): string => path.join(holding, "journal.json")

/** The folder for as long as the work lasts; it stays where the work could neither be done nor undone. */
export const holding = <A, E, R>(checkout: Checkout, work: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.flatMap(thisProcess, (owner) =>
      attempt(() => {
        // It is there with its owner in it, or not at all.
        const draft = `${checkout.holding}.${ownMark()}`
        rmSync(draft, { recursive: true, force: true })
        mkdirSync(draft, { mode: 0o700 })
        writeFileSync(ownerFile(draft), JSON.stringify(owner), { mode: 0o600 })
        renameSync(draft, checkout.holding)
      })),
    () => work,
    () => Effect.ignoreLogged(attempt(() => existsSync(journalOf(checkout)) || clear(checkout)))
  )

const clear = (checkout: Checkout): void => {
  // The journal first: without it there is nothing to go back to.
  for (const place of [journalOf(checkout), areaOf(checkout), checkout.holding]) {
    rmSync(place, { recursive: true, force: true })
  }
}

/** It is done: there is no going back. */
export const forget = (checkout: Checkout) => attempt(() => rmSync(journalOf(checkout), { force: true }))

/**
 * Undoes what was done of a swap and gives git its lock back. Where old files
 * must stay aside, because somebody has changed the new ones since: their folder.
 */
export const goBack = (checkout: Checkout, { swap }: Journal): Effect.Effect<string | null, CheckoutRefused> =>
  attempt(() => {
    const left = existsSync(journalOf(checkout)) ? swapBack(swap) : []
    // Beside the area: what is renamed stays on its file system.
    const kept = left.length === 0 ? null : `${swap.area}-kept-${Date.now()}`
    if (kept !== null) renameSync(path.join(swap.area, "old"), kept)
    unlock(checkout)
    rmSync(journalOf(checkout), { force: true })
    return kept
  })

/** Never another's lock: ours holds our index. */
const unlock = (checkout: Checkout): void => {
  const [lock, made] = [lockOf(checkout), newIndexOf(checkout)]
  if (existsSync(lock) && existsSync(made) && readFileSync(lock).equals(readFileSync(made))) rmSync(lock)
}

const removeDrafts = ({ holding }: Checkout): void => {
  const folder = path.dirname(holding)
  for (const name of readdirSync(folder)) {
    const [, mark] = /^codex-runner-apply\.(.+)$/.exec(name) ?? []
    const draft = path.join(folder, name)
    if (mark !== undefined && isLeftBehind(draft, mark)) rmSync(draft, { recursive: true, force: true })
  }
}

const decodeJournal = Schema.decodeUnknownOption(Schema.parseJson(Journal))

/** An apply that was cut short, and what became of it: all of it was done, or none of it is. */
export interface Recovered {
  readonly journal: Journal
  readonly done: boolean
  /** Where old files stay that could not be put back. */
  readonly kept: string | null
}

/** Sets right what an apply that died left behind; undefined where there is nothing to tell. */
export const recover = Effect.fn("apply.recover")(function*(checkout: Checkout) {
  yield* attempt(() => removeDrafts(checkout))
  if (!existsSync(checkout.holding)) return undefined
  const owner = readOwner(ownerFile(checkout.holding))
  if (ownerIsAlive(checkout.holding) && !Option.exists(owner, ({ pid }) => pid === process.pid)) {
    return yield* new CheckoutRefused({ reason: `another apply is at work in this checkout (${checkout.holding}).` })
  }
  const journal = existsSync(journalOf(checkout))
    ? decodeJournal(readFileSync(journalOf(checkout), "utf8"))
    : Option.none()
  if (Option.isNone(journal)) return yield* attempt(() => (unlock(checkout), clear(checkout)))
  const { entries } = yield* readIndex(checkout.repository.target)
  const done = journal.value.index.every(({ blob, path: file }) => sameBlob(entries.get(file) ?? null, blob))
  const kept = done ? null : yield* goBack(checkout, journal.value)
  yield* attempt(() => clear(checkout))
  return { journal: journal.value, done, kept } satisfies Recovered
})
