/**
 * The `key=value` pairs of `codex_config`, handed to Codex as `-c`. Only keys
 * that choose a model or its provider: every other could loosen the sandbox,
 * the gate or the hooks.
 */
import * as toml from "smol-toml"
import { quoted, quotedShort } from "../domain/quoted.ts"

const help = "only model* (no *_file), model_providers.* (no auth) and service_tier can be set here"

/** Why a pair is refused, the key named and the value never; undefined where it is fine. */
export const codexOverrideFault = (pair: string): string | undefined => {
  const at = pair.indexOf("=")
  if (at < 1) return "not a key=value pair"
  // Codex trims more kinds of white space than we do: none but blanks may stand there.
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(pair)) return "a control character can't be part of a pair"
  const key = pair.slice(0, at).trim()
  // Codex splits the key at every dot, quotes or not, so a quoted one means something else to it than it says.
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(key)) {
    return `the key ${quotedShort(key)} is refused: write plain names joined by dots; ${help}`
  }
  const names = key.split(".")
  if (names[0] !== "service_tier" && !names[0]?.startsWith("model")) {
    return `the key ${quotedShort(key)} is refused: ${help}`
  }
  const value = parseValue(pair.slice(at + 1).trim())
  if (value === undefined) return `the value of ${quoted(key)} is not valid TOML: put a text in double quotes`
  const refused = [...names, ...keysOf(value)].find((name) => /^auth$|_file$/i.test(name))
  return refused === undefined
    ? undefined
    : `the key ${quotedShort(refused)} in ${quotedShort(key)} is refused: ${help}`
}

/**
 * As Codex reads it: TOML, else the bare text. A bare text is taken only where
 * no other TOML parser could see a table in it; undefined otherwise.
 */
const parseValue = (text: string): unknown => {
  try {
    return toml.parse(`value = ${text}`)["value"]
  } catch {
    return /^[\w.:/@+-]+$/.test(text) ? text : undefined
  }
}

const keysOf = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value)
    ? value.flatMap(keysOf)
    : typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)])
    : []
