/**
 * The key that signs records: one for each user, made at its first use. It
 * proves that a record was written by this user's codex-runner and not changed
 * since by anybody without the key; it proves nothing against the user, or
 * against a program that can read the user's files.
 */
import * as Effect from "effect/Effect"
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import { reasonOf } from "../domain/reasonOf.ts"
import { StoreFailed } from "./durable.ts"
import { makeFolder } from "./makeFolder.ts"

export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Names the key in records: the start of its public part's SHA-256. */
  readonly id: string
}

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

/** Several runners may start at once on a new machine: the first key that is whole wins. */
const make = (file: string): string => {
  makeFolder(path.dirname(file))
  const draft = `${file}.${process.pid}.draft`
  const { privateKey } = generateKeyPairSync("ed25519")
  writeFileSync(draft, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 })
  try {
    linkSync(draft, file)
  } catch {
    // Another runner was first.
  }
  rmSync(draft, { force: true })
  return readFileSync(file, "utf8")
}

/** The user's key in the state folder. */
export const signingKey = (stateRoot: string): Effect.Effect<SigningKey, StoreFailed> => {
  const file = path.join(stateRoot, "signing-key.pem")
  return Effect.try({
    try: () => {
      const privateKey = createPrivateKey(read(file) ?? make(file))
      const publicKey = createPublicKey(privateKey)
      const id = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("hex").slice(
        0,
        16
      )
      return { privateKey, publicKey, id }
    },
    catch: (cause) => new StoreFailed({ path: file, reason: reasonOf(cause) })
  })
}
