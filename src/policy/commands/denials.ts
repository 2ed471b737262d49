/** What a denial says: the rule, and the allowed way to do it where there is one. */
import { isApplyPatch, USE_THE_TOOL } from "./applyPatch.ts"
import { shown } from "./model.ts"
import { readOnlyPrograms } from "./readOnly.ts"

const INSTEAD: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(?:touch|rm|rmdir|mv|cp|mkdir|tee|ln|chmod|install|patch|truncate|dd|ed|unlink)$/, USE_THE_TOOL],
  [
    /^(?:awk|gawk|jq|less|more|bat|tac|od|xxd|hexdump|strings)$/,
    "Read files with cat, sed -n '1,200p', head, tail or rg."
  ],
  [/^(?:egrep|fgrep|ag|ack|zgrep)$/, "Search with grep -E, grep -F or rg."],
  [/^(?:tree|dir|fd|locate|du)$/, "List files with ls, find or rg --files."],
  [
    /^(?:bash|sh|zsh|dash|eval|exec|source|\.|env|xargs|command|builtin|nohup|timeout|sudo|time)$/,
    "Call the program itself, without a wrapper."
  ],
  [/^(?:curl|wget|pip3?|apt|apt-get|brew)$/, "Nothing is installed or fetched here."]
]

const most = (items: ReadonlyArray<string>): string =>
  items.length <= 12 ? items.join(", ") : `${items.slice(0, 12).join(", ")}, …`

/** A simple command that no rule allows, or that a rule about its arguments stops. */
export const notAllowed = (source: string, why: string): string =>
  `Command not in allowlist: "${shown(source)}". ${why}`

/** Why a program that is in neither list is stopped. */
export const unknownProgram = (
  program: string,
  allowedCommands: ReadonlyArray<string>,
  allowReadOnly: boolean
): string => {
  if (isApplyPatch(program)) {
    return `${USE_THE_TOOL} Through the shell only this whole command is: apply_patch <<'EOF', the patch, EOF.`
  }
  const instead = INSTEAD.find(([names]) => names.test(program))?.[1]
  const lists = [
    ...(allowedCommands.length === 0 ? [] : [`commands that begin with: ${most(allowedCommands)}`]),
    ...(allowReadOnly ? [`to read: ${readOnlyPrograms.join(", ")}`] : [])
  ]
  return `${instead === undefined ? "" : `${instead} `}Allowed are ${
    lists.length === 0 ? "no commands" : lists.join("; ")
  }.`
}
