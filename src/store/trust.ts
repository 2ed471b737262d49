/**
 * Which configuration files the user has trusted: by content and repository, in
 * the user's own state. One changed byte, and the question is open again.
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { existsSync, writeFileSync } from "node:fs"
import { reasonOf } from "../domain/reasonOf.ts"
import { StoreFailed } from "./durable.ts"
import { makeFolder } from "./makeFolder.ts"

export interface TrustSubject {
  /** The checkout's root. */
  readonly repository: string
  /** Of the configuration file's bytes. */
  readonly sha256: string
}

const markOf = (stateRoot: string, { repository, sha256 }: TrustSubject): string =>
  `${stateRoot}/trust/${createHash("sha256").update(`${repository}\n${sha256}`).digest("hex")}.json`

/** `stateRoot`: the user's default one, never a place that the file itself names. */
export const isTrusted = (stateRoot: string, subject: TrustSubject): Effect.Effect<boolean> =>
  Effect.sync(() => existsSync(markOf(stateRoot, subject)))

export const trust = (stateRoot: string, subject: TrustSubject): Effect.Effect<void, StoreFailed> => {
  const file = markOf(stateRoot, subject)
  return Effect.try({
    try: () => {
      makeFolder(`${stateRoot}/trust`)
      writeFileSync(file, JSON.stringify({ ...subject, trusted_at: new Date().toISOString() }), { mode: 0o600 })
    },
    catch: (cause) => new StoreFailed({ path: file, reason: reasonOf(cause) })
  })
}
