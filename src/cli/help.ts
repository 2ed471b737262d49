/** Help that fits a screen, from what is known of the commands without loading them. */
import { nearest } from "../domain/nearest.ts"
import { quotedShort } from "../domain/quoted.ts"
import topics from "./help.json" with { type: "json" }
import type { Palette } from "./palette.ts"
import { wrapPlain } from "./wrap.ts"

/** A command as help tells of it. */
export interface Topic {
  readonly name: string
  /** What follows the command's name. */
  readonly usage: string
  /** Its first sentence alone is told where commands are listed. */
  readonly summary: string
  /** A command line each, or more lines that a shell takes for one. */
  readonly examples: ReadonlyArray<string>
  readonly options: ReadonlyArray<{ readonly name: string; readonly text: string }>
}

/** Whether a word is the first of a command's name. */
export const isCommand = (word: string): boolean => topics.some(({ name }) => name.split(" ")[0] === word)

const isOption = (arg: string): boolean => arg.startsWith("-")

/** The command that the first words name: one word, or two. */
const topicOf = (args: ReadonlyArray<string>): Topic | undefined => {
  const words = args.filter((arg) => !isOption(arg))
  return topics.find((one) => one.name === words.slice(0, 2).join(" ")) ?? topics.find((one) => one.name === words[0])
}

/** Commands of two words that begin with this one. */
const groupOf = (word: string | undefined): ReadonlyArray<Topic> =>
  topics.filter(({ name }) => name.startsWith(`${word} `))

/** What fits where commands are listed. */
export const firstSentence = (summary: string): string => /^.*?\.(?= |$)/.exec(summary)?.[0] ?? summary

/** Columns where nobody says how many there are; and at most, for lines are to be read. */
const [usual, most] = [80, 100]

/** The help that these arguments ask for, in lines of a terminal with so many columns. */
export const helpFor = (args: ReadonlyArray<string>, palette: Palette, columns: number = usual): string => {
  const width = Math.max(40, Math.min(columns, most))
  const asked = args[0] === "help" ? args.slice(1) : args
  const named = topicOf(asked)
  if (named !== undefined) return details(named, palette, width)
  const group = groupOf(asked[0])
  const lines = group.length === 0
    ? overview("Runs many Codex tasks on one repository, each in a worktree of its own.", topics)
    : overview("What becomes of the runs that are on record.", group)
  return lines.flatMap((line) => line.length <= width ? line : wrapPlain(line, width)).join("\n")
}

/** Options of the library's own, which every command takes. */
const builtIns = ["--help", "--version", "--completions", "--log-level", "--wizard"]

/**
 * What is wrong with these arguments: a command that there is not, an option
 * that its command doesn't have, or one that lacks its value. The library would
 * complain of another word, or list them all.
 */
export const usageFault = (args: ReadonlyArray<string>): string | undefined => {
  const named = topicOf(args)
  return named === undefined ? commandFault(args) : optionFault(args, named)
}

const didYouMean = (name: string, known: ReadonlyArray<string>): string => {
  const near = nearest(name, known)
  return near === undefined ? "" : ` Did you mean ${near}?`
}

const commandFault = (args: ReadonlyArray<string>): string | undefined => {
  const [first = "", second] = args
  if (isOption(first)) {
    return builtIns.includes(first.split("=")[0] ?? "") ? undefined : `Unknown option ${quotedShort(first)}. ${see("")}`
  }
  const group = groupOf(first)
  if (group.length > 0 && (second === undefined || isOption(second))) {
    return `codex-runner ${first} needs one more word: ${group.map(({ name }) => name.split(" ")[1]).join(", ")}.`
  }
  const command = group.length === 0 ? first : `${first} ${second}`
  const known = group.length === 0 ? topics : group
  return `Unknown command ${quotedShort(command)}.${didYouMean(command, known.map(({ name }) => name))} ${
    see(group.length === 0 ? "" : first)
  }`
}

/** Where help is that would have spared a mistake. */
export const see = (command: string): string => `See: codex-runner ${command === "" ? "" : `${command} `}--help`

/** {@link see} for the command of these arguments. */
export const seeFor = (args: ReadonlyArray<string>): string => see(topicOf(args)?.name ?? "")

const optionFault = (args: ReadonlyArray<string>, named: Topic): string | undefined => {
  const options = named.options.map(({ name }) => name).filter((name) => name.startsWith("--"))
  const known = [...options.flatMap((name) => /^--[a-z-]+/.exec(name) ?? []), ...builtIns]
  const end = args.indexOf("--")
  const given = args.slice(0, end < 0 ? undefined : end)
  const unknown = given.flatMap((arg) => /^--[^=]+/.exec(arg) ?? []).find((name) => !known.includes(name))
  if (unknown === undefined) {
    const bare = options.find((name) => name.startsWith(`${given.at(-1)} `))
    return bare === undefined ? undefined : `An option of codex-runner ${named.name} needs a value: ${bare}`
  }
  return `Unknown option ${unknown} of codex-runner ${named.name}.${didYouMean(unknown, known)} ${see(named.name)}`
}

const overview = (title: string, listed: ReadonlyArray<Topic>): ReadonlyArray<string> => {
  const width = Math.max(...listed.map(({ name }) => name.length))
  return [
    title,
    "Usage: codex-runner <command> [options]",
    "",
    ...listed.map(({ name, summary }) => `  ${name.padEnd(width)}  ${firstSentence(summary)}`),
    "",
    "More on one: codex-runner <command> --help. Also --version, --log-level LEVEL."
  ]
}

const details = ({ examples, name, options, summary, usage }: Topic, { bold }: Palette, columns: number): string =>
  [
    ...wrapPlain(summary, columns),
    "",
    bold("Usage"),
    `  codex-runner ${name}${usage === "" ? "" : ` ${usage}`}`,
    ...(options.length === 0 ? [] : ["", bold("Options"), ...optionLines(options, columns)]),
    ...(examples.length === 0
      ? []
      : ["", bold("Examples"), ...examples.flatMap((example) => example.split("\n")).map((line) => `  ${line}`)])
  ].join("\n")

/** Longer names have a line of their own. */
const longestName = 20

const optionLines = (options: Topic["options"], columns: number): ReadonlyArray<string> => {
  const width = Math.max(...options.map(({ name }) => name.length).filter((length) => length <= longestName))
  const indent = " ".repeat(width + 4)
  return options.flatMap(({ name, text }) => {
    const [first = "", ...others] = wrapPlain(text, columns - indent.length)
    const start = name.length <= width ? [`  ${name.padEnd(width)}  ${first}`] : [`  ${name}`, indent + first]
    return [...start, ...others.map((line) => indent + line)]
  })
}
