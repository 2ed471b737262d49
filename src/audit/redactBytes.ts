/** Secrets masked in bytes of any encoding, all others left exactly as they are. */
import * as Stream from "effect/Stream"
import { makeRedactor } from "./redaction.ts"

/** A character for each byte: what goes in comes out again. */
const asCharacters = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")

export const redactBytes =
  (secrets: ReadonlyArray<string>) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
    Stream.suspend(() => {
      const redactor = makeRedactor(secrets.map((secret) => asCharacters(Buffer.from(secret, "utf8"))))
      return bytes.pipe(
        Stream.map(asCharacters),
        redactor.transform,
        Stream.map((text) => Buffer.from(text, "latin1"))
      )
    })
