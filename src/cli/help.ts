/**
 * Help that fits a screen. The options and their descriptions are the
 * library's; its own rendering takes four lines for each.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import { stripVTControlCharacters } from "node:util"
import { nearest } from "../domain/nearest.ts"
import type { Palette } from "./output.ts"

/** A command as help tells of it. */
export interface Topic {
  readonly name: string
  /** What follows the command's name. */
  readonly usage: string
  readonly summary: string
  readonly examples: ReadonlyArray<string>
  readonly doc: HelpDoc.HelpDoc
}

const config = CliConfig.make({ showBuiltIns: false, showTypes: true })

export const topic = <Name extends string, R, E, A>(
  command: Command.Command<Name, R, E, A>,
  about: Omit<Topic, "doc">
): Topic => ({ ...about, doc: Command.getHelp(command, config) })

/** The command that the first words name: one word, or two. */
const topicOf = (args: ReadonlyArray<string>, topics: ReadonlyArray<Topic>): Topic | undefined => {
  const words = args.filter((arg) => !arg.startsWith("-"))
  return topics.find((one) => one.name === words.slice(0, 2).join(" ")) ?? topics.find((one) => one.name === words[0])
}

/** The help that these arguments ask for; undefined where they ask for none. */
export const helpFor = (
  args: ReadonlyArray<string>,
  topics: ReadonlyArray<Topic>,
  palette: Palette
): string | undefined => {
  const asked = args.length === 0 || args.some((arg) => arg === "--help" || arg === "-h")
  if (!asked) return undefined
  const named = topicOf(args, topics)
  return named === undefined ? overview(topics, palette) : details(named, palette)
}

/** Options of the library's own, which every command takes. */
const builtIns = ["--help", "--version", "--completions", "--log-level", "--wizard"]

/**
 * What to say of an option that its command doesn't have, or that lacks its
 * value; the library would complain of another word.
 */
export const optionFault = (args: ReadonlyArray<string>, topics: ReadonlyArray<Topic>): string | undefined => {
  const named = topicOf(args, topics)
  if (named === undefined) return undefined
  const options = entries(named.doc).map(([name]) => name).filter((name) => name.startsWith("--"))
  const known = [...options.flatMap((name) => /^--[a-z-]+/.exec(name) ?? []), ...builtIns]
  const end = args.indexOf("--")
  const given = args.slice(0, end < 0 ? undefined : end)
  const unknown = given.flatMap((arg) => /^--[^=]+/.exec(arg) ?? []).find((name) => !known.includes(name))
  if (unknown === undefined) {
    const bare = options.find((name) => name.startsWith(`${given.at(-1)} `))
    return bare === undefined ? undefined : `An option of codex-runner ${named.name} needs a value: ${bare}`
  }
  const near = nearest(unknown, known)
  const hint = near === undefined ? "" : ` Did you mean ${near}?`
  return `Unknown option ${unknown} of codex-runner ${named.name}.${hint} See: codex-runner ${named.name} --help`
}

const overview = (topics: ReadonlyArray<Topic>, { bold }: Palette): string =>
  [
    "Runs many Codex tasks on one repository at once, each in its own git worktree.",
    "",
    bold("Usage"),
    "  codex-runner <command> [options]",
    "",
    bold("Commands"),
    ...columns(topics.map((one) => [one.name, one.summary])),
    "",
    "codex-runner <command> --help tells more. --version tells the version, --completions <shell> completes commands."
  ].join("\n")

const details = ({ doc, examples, name, summary, usage }: Topic, { bold }: Palette): string => {
  const options = entries(doc)
  return [
    summary,
    "",
    bold("Usage"),
    `  codex-runner ${name}${usage === "" ? "" : ` ${usage}`}`,
    ...(options.length === 0 ? [] : ["", bold("Options"), ...columns(options)]),
    ...(examples.length === 0 ? [] : ["", bold("Examples"), ...examples.map((example) => `  ${example}`)])
  ].join("\n")
}

const columns = (rows: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
}

const text = (doc: HelpDoc.HelpDoc): string => stripVTControlCharacters(HelpDoc.toAnsiText(doc)).trim()

/** What the library says of every option, in words that tell nothing. */
const filler =
  /^(A user-defined piece of text\.|An integer\.|A file\.|A true or false value\.|This setting is optional\.|One of the following: .*)$/

const entries = (doc: HelpDoc.HelpDoc): ReadonlyArray<readonly [string, string]> => {
  if (HelpDoc.isSequence(doc)) return [...entries(doc.left), ...entries(doc.right)]
  if (!HelpDoc.isDescriptionList(doc)) return []
  return doc.definitions.map(([name, body]): readonly [string, string] => [
    text(HelpDoc.p(name)).replaceAll(" | ", "|"),
    text(body).split("\n").map((line) => line.trim()).filter((line) => line !== "" && !filler.test(line)).join(" ")
  ])
}
