/** The one redactor: for everything that leaves the state folder. */
import * as Stream from "effect/Stream"
import { looksSecret } from "./redaction/named.ts"
import { compile } from "./redaction/patterns.ts"
import { makeStream, redactAll, type RedactionStream } from "./redaction/scanner.ts"

export type { RedactionStream }
export { looksSecret }

export interface Redactor {
  /** The text with its secrets masked. Redact before cutting: half a secret has no shape. */
  readonly text: (text: string) => string
  /** For a text that comes in pieces: the pieces that come out make up what `text` gives for the whole. */
  readonly stream: () => RedactionStream
  /** The same over a stream of pieces. */
  readonly transform: <E, R>(pieces: Stream.Stream<string, E, R>) => Stream.Stream<string, E, R>
}

/** Shorter values are words of everyday text, too. */
const minLiteral = 8

/**
 * Masks what looks like a secret, what is named like one, and the given
 * secrets wherever they stand, also as JSON or a URL would write them.
 */
export const makeRedactor = (secrets: ReadonlyArray<string>): Redactor => {
  const patterns = compile(secrets.filter((secret) => secret.length >= minLiteral).flatMap(written))
  const stream = () => makeStream(patterns)
  return {
    text: (text) => redactAll(patterns, text),
    stream,
    transform: (pieces) =>
      Stream.suspend(() => {
        const { end, push } = stream()
        return pieces.pipe(Stream.map(push), Stream.concat(Stream.sync(end)), Stream.filter((text) => text !== ""))
      })
  }
}

const written = (secret: string): ReadonlyArray<string> => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  // A lone surrogate has no percent-encoding.
  ...(/\p{Surrogate}/u.test(secret) ? [] : [encodeURIComponent(secret)])
]

/** Masks what is known of secrets, those of an environment included. Built when it is first needed. */
export const maskFor = (env: Readonly<Record<string, string | undefined>>): (text: string) => string => {
  let redactor: Redactor | undefined
  return (text) => (redactor ??= makeRedactor(secretsOf(env))).text(text)
}

/** The values of an environment that are secrets by their names, for {@link makeRedactor}. */
export const secretsOf = (env: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> => [
  ...new Set(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && value.trim().length >= minLiteral && looksSecret(name) ? [value.trim()] : []
    )
  )
]
