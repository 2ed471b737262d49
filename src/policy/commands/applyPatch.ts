/** `apply_patch` called through the shell: the one form that Codex applies itself. */
import { parse } from "unbash"
import type { Command, HereDoc } from "unbash"
import { refuseDeceivingCharacters } from "./characters.ts"
import { refuse } from "./model.ts"
import { quote } from "./quote.ts"
import { readWord } from "./words.ts"
import type { Word } from "./words.ts"

/** Longest patch, in characters, that is read at all. */
const MAX_PATCH = 1_048_576

const FORM = /^\s*(?:cd[ \t][^\n]*&&\s*)?apply_patch[ \t]*<</

export const isApplyPatch = (program: string): boolean => /(?:^|\/)apply_?-?patch$/i.test(program)

export const USE_THE_TOOL = "Change files with the apply_patch tool itself."

export interface ShellPatch {
  readonly patch: string
  /** The folder of `cd FOLDER &&` before it. */
  readonly folder: Word | undefined
}

const hereDocOf = (command: Command): HereDoc | undefined => {
  const [redirection, ...more] = command.suffix
  return command.name?.text === "apply_patch" && command.prefix.length === 0 && more.length === 0 &&
      redirection?.type === "HereDoc"
    ? redirection
    : undefined
}

const folderOf = (command: Command, text: string): Word | undefined => {
  const [folder, ...more] = command.suffix
  return command.name?.text === "cd" && command.prefix.length === 0 && more.length === 0 && folder?.type === "Word"
    ? readWord(folder, text)
    : undefined
}

/**
 * Reads `apply_patch <<'EOF' … EOF` as the whole of a command, with
 * `cd FOLDER && ` before it or not. Undefined where it isn't that form.
 */
export const readShellPatch = (text: string): ShellPatch | undefined => {
  if (!FORM.test(text)) return undefined
  if (text.length > MAX_PATCH) return refuse(`The patch is too long: ${text.length} characters, at most ${MAX_PATCH}.`)
  const script = parse(text)
  const [statement, ...more] = script.commands
  if (script.errors !== undefined || script.end !== text.length || statement === undefined || more.length > 0) {
    return undefined
  }
  const { command } = statement
  const [first, second] = command.type === "AndOr" ? command.commands : [undefined, command]
  if (statement.background === true || second?.type !== "Command") return undefined
  if (command.type === "AndOr" && (command.commands.length !== 2 || command.operators[0] !== "&&")) return undefined
  const document = hereDocOf(second)
  if (document?.operator !== "<<" || document.descriptor !== undefined || document.closing === undefined) {
    return undefined
  }
  if (!/^(?:'\w+'|"\w+")$/.test(document.delimiter?.text ?? "")) return undefined
  // Only the body may hold any character, and only white space may stand around the parts.
  const { body, closing } = document
  refuseDeceivingCharacters(text.slice(0, body.pos))
  if (text.slice(document.end, body.pos) !== "\n" || text.slice(closing.end).trim() !== "") return undefined
  if (closing.pos !== body.end || text.slice(closing.pos, closing.end) !== document.delimiter?.value) return undefined
  const patch = text.slice(body.pos, body.end)
  if (first === undefined) return { patch, folder: undefined }
  const folder = first.type === "Command" ? folderOf(first, text) : undefined
  return folder === undefined ? undefined : { patch, folder }
}

/**
 * The same patch in one certain form. Codex finds the end of a here-document at
 * the first line that begins with its mark, the shell at a line equal to it: no
 * line of the patch begins with this one.
 */
export const writeShellPatch = (patch: string, cwd: string): string => {
  if (cwd.includes("'")) return refuse(`The folder's name has a quote in it. ${USE_THE_TOOL}`)
  const taken = patch.match(/END_OF_PATCH_*/g) ?? []
  const mark = taken.reduce((longest, other) => other.length < longest.length ? longest : `${other}_`, "END_OF_PATCH")
  return `cd ${quote(cwd)} && apply_patch <<'${mark}'\n${patch.endsWith("\n") ? patch : `${patch}\n`}${mark}\n`
}
