/** The part of the shell's grammar that is understood: lists of pipelines of simple commands. */
import { parse } from "unbash"
import type { Command, PipelineNode, Redirection as SyntaxRedirection, Statement } from "unbash"
import { refuseDeceivingCharacters } from "./characters.ts"
import { refuse } from "./model.ts"
import { readWord, refuseSyntax } from "./words.ts"
import type { Word } from "./words.ts"

export type Redirection = "2>&1" | ">/dev/null" | "2>/dev/null"

export interface ShellCommand {
  readonly words: ReadonlyArray<Word>
  /** In the order written: the order has a meaning. */
  readonly redirections: ReadonlyArray<Redirection>
  readonly source: string
}

/** Commands joined by `|`. */
export type Pipeline = ReadonlyArray<ShellCommand>

/** Pipelines joined by `&&` and `||`: one operator fewer than pipelines. */
export interface Chain {
  readonly pipelines: ReadonlyArray<Pipeline>
  readonly operators: ReadonlyArray<"&&" | "||">
}

/** Longest command, and most simple commands in one, that is judged at all. */
const MAX_LENGTH = 16_384
const MAX_COMMANDS = 64

// Between the nodes of the tree nothing may stand but what is listed here: text
// that the parser skipped (a comment, recovered input) is refused.
const BLANKS = /^(?:[ \t]|\\\n)*$/
const PIPE = /^(?:[ \t]|\\\n)*\|(?:[ \t\n]|\\\n)*$/
const AND_OR = /^(?:[ \t]|\\\n)*(&&|\|\|)(?:[ \t\n]|\\\n)*$/
const BEFORE = /^(?:[ \t\n]|\\\n)*$/
const BETWEEN = /^(?:[ \t]|\\\n)*[;\n](?:[ \t\n]|\\\n)*$/
const AFTER = /^(?:[ \t]|\\\n)*;?(?:[ \t\n]|\\\n)*$/

const NODE_NAMES: Readonly<Partial<Record<PipelineNode["type"], string>>> = {
  If: "if",
  For: "for",
  ArithmeticFor: "for ((…))",
  Select: "select",
  While: "while and until",
  Subshell: "a subshell (…)",
  BraceGroup: "a group { …; }",
  Case: "case",
  TestCommand: "[[ … ]]",
  ArithmeticCommand: "((…))",
  Function: "a function definition",
  Coproc: "coproc",
  Redirected: "a redirected group"
}

interface Span {
  readonly pos: number
  readonly end: number
}

const expectGap = (text: string, from: number, to: number, gap: RegExp): void => {
  const between = text.slice(from, to)
  if (from > to || !gap.test(between)) {
    refuseSyntax(between.includes("#") ? "a comment (#)" : `${JSON.stringify(between)} where a command ends`)
  }
}

const readRedirection = (node: SyntaxRedirection, text: string): Redirection => {
  const source = text.slice(node.pos, node.end)
  if (node.type === "HereDoc" || node.type === "HereString") {
    return refuseSyntax("a here-document", "To change files, use the apply_patch tool.")
  }
  const descriptor = node.descriptor === undefined
    ? ""
    : node.descriptor.type === "FileDescriptor"
    ? String(node.descriptor.value)
    : "?"
  const target = node.target?.text ?? ""
  // The source is compared too, so that nothing hides between the parts.
  if (source === "2>&1" && node.operator === ">&" && descriptor === "2" && target === "1") return "2>&1"
  if (node.operator === ">" && target === "/dev/null" && /^[12]?>[ \t]*\/dev\/null$/.test(source)) {
    if (descriptor === "" || descriptor === "1") return ">/dev/null"
    if (descriptor === "2") return "2>/dev/null"
  }
  return refuseSyntax(
    `the redirection ${source}`,
    "Only 2>&1, >/dev/null and 2>/dev/null are; to change files, use the apply_patch tool."
  )
}

const readCommand = (node: Command, text: string): ShellCommand => {
  if (node.prefix.some((part) => part.type === "Assignment")) {
    return refuseSyntax("an assignment before a command", "Run the command without it.")
  }
  if (node.prefix.length > 0) return refuseSyntax("a redirection before the command", "Write it at the end.")
  if (node.name === undefined) return refuseSyntax("a command without a name")
  const words = [readWord(node.name, text)]
  const redirections: Array<Redirection> = []
  if (node.name.pos !== node.pos) return refuseSyntax("a command that the parser could not place")
  let end = node.name.end
  for (const part of node.suffix) {
    expectGap(text, end, part.pos, BLANKS)
    end = part.end
    switch (part.type) {
      case "Word":
        words.push(readWord(part, text))
        break
      case "Redirect":
      case "HereDoc":
      case "HereString":
        redirections.push(readRedirection(part, text))
        break
      default:
        return refuseSyntax("an assignment")
    }
  }
  if (end !== node.end) return refuseSyntax("a command that the parser could not place")
  return { words, redirections, source: text.slice(node.pos, node.end) }
}

const refuseNode = (node: PipelineNode): never => refuseSyntax(NODE_NAMES[node.type] ?? "an unknown construct")

/** Reads each child of a node, and the text between them. */
const readJoined = <Child extends PipelineNode, A>(
  node: Span & { readonly commands: ReadonlyArray<Child> },
  text: string,
  gap: RegExp,
  read: (child: Child) => A
): ReadonlyArray<A> => {
  let end = node.pos
  return node.commands.map((child, index) => {
    if (index === 0 && child.pos !== node.pos) refuseSyntax("a command that the parser could not place")
    if (index > 0) expectGap(text, end, child.pos, gap)
    end = child.end
    if (index === node.commands.length - 1 && end !== node.end) {
      refuseSyntax("a command that the parser could not place")
    }
    return read(child)
  })
}

const readPipeline = (node: PipelineNode, text: string): Pipeline => {
  if (node.type === "Command") return [readCommand(node, text)]
  if (node.type !== "Pipeline") return refuseNode(node)
  if (node.prefixes.length > 0) return refuseSyntax("! and time")
  if (node.operators.some((operator) => operator !== "|")) return refuseSyntax("|&", "Write 2>&1 | instead.")
  return readJoined(
    node,
    text,
    PIPE,
    (child) => child.type === "Command" ? readCommand(child, text) : refuseNode(child)
  )
}

const readStatement = ({ background, command }: Statement, text: string): Chain => {
  if (background === true) return refuseSyntax("background jobs (&)", "Join commands with && or ;.")
  if (command.type !== "AndOr") return { pipelines: [readPipeline(command, text)], operators: [] }
  return {
    pipelines: readJoined(command, text, AND_OR, (child) => readPipeline(child, text)),
    operators: command.operators
  }
}

/** Reads a command text, or refuses it. The chains are joined by `;` or newlines. */
export const readShell = (text: string): ReadonlyArray<Chain> => {
  if (text.length > MAX_LENGTH) return refuse(`Command too long: ${text.length} characters, at most ${MAX_LENGTH}.`)
  refuseDeceivingCharacters(text)
  const script = parse(text)
  if (script.errors !== undefined && script.errors.length > 0) {
    return refuseSyntax(`${script.errors[0]?.message ?? "an error"} at position ${script.errors[0]?.pos ?? 0}`)
  }
  if (script.shebang !== undefined || script.source !== undefined || script.pos !== 0 || script.end !== text.length) {
    return refuseSyntax("a script")
  }
  let end = 0
  const chains = script.commands.map((statement, index) => {
    expectGap(text, end, statement.pos, index === 0 ? BEFORE : BETWEEN)
    end = statement.end
    if (statement.command.pos !== statement.pos || statement.command.end !== statement.end) {
      // `a &` ends past its command.
      if (statement.background !== true) refuseSyntax("a command that the parser could not place")
    }
    return readStatement(statement, text)
  })
  expectGap(text, end, text.length, AFTER)
  if (chains.length === 0) return refuse("The command is empty.")
  const count = chains.reduce(
    (sum, chain) => sum + chain.pipelines.reduce((all, pipeline) => all + pipeline.length, 0),
    0
  )
  if (count > MAX_COMMANDS) return refuse(`Too many commands in one call: ${count}, at most ${MAX_COMMANDS}.`)
  return chains
}
