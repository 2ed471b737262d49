/** The command policy: what a command text means, whether it may run, and the certain form to run it in. */
import { isApplyPatch, readShellPatch, writeShellPatch } from "./applyPatch.ts"
import { notAllowed, unknownProgram } from "./denials.ts"
import { allowedText } from "./entries.ts"
import { Refusal, refuse, shown } from "./model.ts"
import type { CommandInput, CommandVerdict, Place, SimpleCommand } from "./model.ts"
import { isWithin, resolveInside } from "./paths.ts"
import { quote } from "./quote.ts"
import { readOnlyWords } from "./readOnly.ts"
import { readShell } from "./syntax.ts"
import type { Chain, Pipeline, ShellCommand } from "./syntax.ts"
import type { Word } from "./words.ts"

/** Longest text that Linux takes as one argument of a program, less some room. */
const MAX_CANONICAL = 120_000

interface Judgement {
  readonly input: CommandInput
  readonly simple: Array<SimpleCommand>
}

const judgeSimple = (command: ShellCommand, readsPipe: boolean, place: Place, judgement: Judgement): string => {
  const { input, simple } = judgement
  const program = command.words[0]?.value ?? ""
  const denial = (why: string) => refuse(notAllowed(command.source, why))
  try {
    if (!/^[\x21-\x7e]+$/.test(program)) return denial("A program's name is plain ASCII without blanks.")
    const unknown = () => denial(unknownProgram(program, input.allowedCommands, input.allowReadOnly))
    if (isApplyPatch(program)) return unknown()
    const text = allowedText(command.words, input.allowedCommands, readsPipe, place) ??
      (input.allowReadOnly ? readOnlyWords(command.words, place)?.map(quote).join(" ") : undefined) ??
      unknown()
    simple.push({ words: command.words.map((word) => word.value), cwd: place.cwd })
    return [text, ...command.redirections].join(" ")
  } catch (error) {
    if (!(error instanceof Refusal) || error.message.startsWith("Command not in allowlist")) throw error
    return denial(error.message)
  }
}

const FOLLOWED = "cd is followed only to a literal folder inside the worktree, as in: cd FOLDER && COMMAND"

const isCd = (pipeline: Pipeline): boolean => pipeline.some((command) => command.words[0]?.value === "cd")

const enter = (folder: Word | undefined, source: string, place: Place): Place => {
  if (folder === undefined || folder.value === "" || folder.value.startsWith("-") || folder.pattern !== undefined) {
    return refuse(notAllowed(source, `${FOLLOWED}.`))
  }
  const cwd = resolveInside(place, folder.value)
  if (cwd === undefined) return refuse(notAllowed(source, `That folder is outside the worktree. ${FOLLOWED}.`))
  if (!place.host.isDirectory(cwd)) return refuse(notAllowed(source, "There is no such folder."))
  return { ...place, cwd }
}

const follow = (pipeline: Pipeline, operator: string | undefined, place: Place): Place => {
  const [command] = pipeline
  if (
    command === undefined || pipeline.length > 1 || operator !== "&&" || command.words.length !== 2 ||
    command.redirections.length > 0
  ) {
    return refuse(notAllowed(pipeline.map(({ source }) => source).join(" | "), `${FOLLOWED}.`))
  }
  return enter(command.words[1], command.source, place)
}

const judgePipeline = (pipeline: Pipeline, place: Place, judgement: Judgement): string =>
  pipeline.map((command, index) => judgeSimple(command, index > 0, place, judgement)).join(" | ")

interface JudgedChain {
  readonly text: string
  readonly place: Place
  /** The chain may end without having entered the folder that it ends in. */
  readonly uncertain: boolean
}

const judgeChain = ({ operators, pipelines }: Chain, start: Place, judgement: Judgement): JudgedChain => {
  let place = start
  let ran = false
  let uncertain = false
  const texts = pipelines.map((pipeline, index) => {
    const operator = operators[index]
    if (!isCd(pipeline)) {
      ran = true
      return `${judgePipeline(pipeline, place, judgement)}${operator === undefined ? "" : ` ${operator} `}`
    }
    place = follow(pipeline, operator, place)
    uncertain ||= ran
    return `cd ${quote(place.cwd)} && `
  })
  if (uncertain && operators.includes("||")) {
    return refuse(`Shell syntax not allowed: cd after another command, together with ||. ${FOLLOWED}, at the start.`)
  }
  return { text: texts.join(""), place, uncertain }
}

/** Leading `cd`s, which hold for all that follows. */
const leadingFolders = (
  [chain, ...rest]: ReadonlyArray<Chain>,
  start: Place
): readonly [Place, ReadonlyArray<Chain>] => {
  let place = start
  let index = 0
  for (; chain !== undefined && isCd(chain.pipelines[index] ?? []); index++) {
    place = follow(chain.pipelines[index] ?? [], chain.operators[index], place)
  }
  if (chain === undefined || index === 0) return [place, chain === undefined ? [] : [chain, ...rest]]
  return [place, [{ pipelines: chain.pipelines.slice(index), operators: chain.operators.slice(index) }, ...rest]]
}

const judgeList = (chains: ReadonlyArray<Chain>, start: Place, judgement: Judgement): string => {
  const [first, list] = leadingFolders(chains, start)
  let place = first
  const texts = list.map((chain, index) => {
    const judged = judgeChain(chain, place, judgement)
    if (judged.uncertain && index < list.length - 1) {
      refuse(`Shell syntax not allowed: a command after a cd that may not have run. ${FOLLOWED}, at the start.`)
    }
    place = judged.place
    return judged.text
  })
  // Nothing at all runs where the folder is gone.
  const isOneChain = list.length === 1 && list[0]?.operators.includes("||") === false
  const body = texts.join("; ")
  return `cd ${quote(first.cwd)} && ${isOneChain ? body : `{ ${body}; }`}`
}

const placeOf = ({ cwd, host, worktree }: CommandInput): Place => {
  const root = host.realpath(worktree) ?? refuse("The worktree is gone.")
  const real = host.realpath(cwd) ?? refuse(`The working folder ${JSON.stringify(shown(cwd))} doesn't exist.`)
  if (!isWithin(root, real)) {
    return refuse(`The working folder ${JSON.stringify(shown(cwd))} is outside the worktree; leave workdir out.`)
  }
  if (!host.isDirectory(real)) return refuse(`The working folder ${JSON.stringify(shown(cwd))} isn't a folder.`)
  return { worktree: root, cwd: real, host }
}

const judge = (input: CommandInput): CommandVerdict => {
  const { command } = input
  const start = placeOf(input)
  if (command.includes("\0")) return refuse("A command can't hold a NUL character.")
  const shellPatch = readShellPatch(command)
  if (shellPatch !== undefined) {
    const { cwd } = shellPatch.folder === undefined ? start : enter(shellPatch.folder, "cd", start)
    return { _tag: "ApplyPatch", patch: shellPatch.patch, cwd, canonical: writeShellPatch(shellPatch.patch, cwd) }
  }
  const chains = readShell(command)
  const simple: Array<SimpleCommand> = []
  const canonical = judgeList(chains, start, { input, simple })
  if (canonical.length > MAX_CANONICAL) {
    return refuse("The command names too many files; name a folder, or use rg or find.")
  }
  return { _tag: "Allow", canonical, simple }
}

/**
 * Judges one command that the model asks for. Never throws: what can't be judged is denied.
 *
 * `canonical` runs the same words in any POSIX shell, whatever aliases and
 * functions it has, and starts with `cd` to the real working folder.
 */
export const judgeCommand = (input: CommandInput): CommandVerdict => {
  try {
    return judge(input)
  } catch (error) {
    return { _tag: "Deny", reason: error instanceof Refusal ? error.message : "The command could not be judged." }
  }
}
